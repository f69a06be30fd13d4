//! Tables of the state machine, one file per state.
