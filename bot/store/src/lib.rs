//! Store: SQL is the truth; Redis is an index and a bell.
