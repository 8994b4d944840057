"""Events told to partners: endpoints, signed deliveries, and the feed of events."""
