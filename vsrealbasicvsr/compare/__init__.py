"""The comparison page: selected frames of several sources in one HTML file, to compare them by eye."""
