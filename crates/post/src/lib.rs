//! How messages leave the house.
