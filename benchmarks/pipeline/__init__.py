"""Speed of posts from Kafka to Gold, against a copy and against a first draft, in one run."""
