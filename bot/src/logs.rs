//! Logs: JSON for the service, plain for the command line. `JIT_LOG` filters, as `RUST_LOG` does elsewhere.

use tracing_subscriber::{EnvFilter, fmt};

fn filter(default: &str) -> EnvFilter {
    EnvFilter::try_from_env("JIT_LOG").unwrap_or_else(|_| EnvFilter::new(default))
}

/// One JSON object a line, on stdout, with the request id of the span it belongs to.
pub fn json() {
    let _ =
        fmt().json().flatten_event(true).with_env_filter(filter("info,sqlx=warn,sea_orm=warn,hyper=warn")).try_init();
}

/// For people, on stderr.
pub fn text() {
    let _ = fmt().with_writer(std::io::stderr).with_env_filter(filter("warn")).try_init();
}
