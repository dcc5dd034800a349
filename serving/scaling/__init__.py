"""Many cameras on many machines: shards, their roster, and detector replicas."""
