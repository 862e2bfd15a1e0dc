"""Faster ways to run the network's parts: in place, compiled, as CUDA graphs, fused kernels or TensorRT."""
