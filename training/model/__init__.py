"""What is trained and what it learns from: the generator, where its weights start, and a teacher."""
