"""Video files in and out: pictures, colour, time, and the streams carried along."""
