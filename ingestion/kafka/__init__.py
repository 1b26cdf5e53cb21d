"""Make records of posts, and send them to their topics."""
