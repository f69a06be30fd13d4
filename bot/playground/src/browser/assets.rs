//! The page and its files, which are part of the binary, with headers that let the page load
//! nothing from anywhere else.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

/// Name, content type and bytes of each file of `ui/`; the list is made by `build.rs`.
pub(crate) const FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/ui_files.rs"));

/// Scripts, styles, images and connections from this origin only; no inline code or style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

pub(crate) async fn page() -> Response {
    serve("index.html")
}

pub(crate) async fn file(Path(name): Path<String>) -> Response {
    serve(&name)
}

fn serve(name: &str) -> Response {
    let Some((_, kind, bytes)) = FILES.iter().find(|(known, _, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, *kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, *bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_embedded_and_asks_for_nothing_foreign() {
        for needed in ["index.html", "app.css", "app.js"] {
            assert!(FILES.iter().any(|(name, _, _)| *name == needed), "{needed} is missing in ui/");
        }
        for (name, kind, bytes) in FILES.iter().filter(|(_, kind, _)| kind.contains("charset")) {
            let text = std::str::from_utf8(bytes).unwrap();
            for (at, _) in text.match_indices("src=").chain(text.match_indices("import ")) {
                let line = text[at..].lines().next().unwrap_or_default();
                assert!(!line.contains("://"), "{name} ({kind}) loads from another host: {line}");
            }
        }
    }
}
