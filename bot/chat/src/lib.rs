//! Chat: cards, and the platforms that show them.
