"""One iteration of the training: losses, gradients, and the steps of the optimisers."""
