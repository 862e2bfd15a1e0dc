"""What our network is compared with: each enlarges a clip to four times its size."""
