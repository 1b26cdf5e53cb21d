"""The commands of `echostream`, one file per group of them."""
