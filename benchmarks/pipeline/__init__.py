"""How fast posts get from Kafka to Gold, against a copy and against what one would write first; all in one run."""
