"""Define the names of the streaming jobs, in the order of the hops."""

from typing import Literal

JobName = Literal["topic_to_bronze", "bronze_to_silver", "silver_to_gold"]
