"""Settings: payloom.yaml, then the environment on top; refused when they could lose money or leak a secret."""
