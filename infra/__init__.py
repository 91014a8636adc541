"""CDK: the reward function, its monitoring and the RFT job definition, as reusable constructs."""
