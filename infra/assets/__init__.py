"""What a Lambda is deployed as: reproducible zips."""
