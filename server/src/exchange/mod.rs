//! Files in and out: the formats other people use.
