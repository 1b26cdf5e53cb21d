"""Keep the producers' memory between runs: cursors, gaps, spans, sightings and spending."""
