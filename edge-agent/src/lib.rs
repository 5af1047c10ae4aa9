//! The agent that queues sightings offline and syncs them.
