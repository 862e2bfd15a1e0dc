"""The networks of the training: the generator, its initial weights, and a teacher."""
