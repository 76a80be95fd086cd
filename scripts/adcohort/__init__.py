"""What a treatment-response study with diffusion MRI means: pure functions, by domain."""
