"""The comparison page: chosen frames of several sources in one HTML file, to be judged by eye."""
