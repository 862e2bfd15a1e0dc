"""One iteration: losses, gradients, and the steps of the optimisers."""
