//! The service: composition, configuration, HTTP, workers, command line.
