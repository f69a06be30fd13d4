//! The app package: what `jit manifest teams` makes, generated from the verb table so that Teams' menus are never behind.
//!
//! A package is a zip of the manifest and two icons; an administrator uploads it. The icons are drawn in `manifests/teams/*.svg`.

use std::io::{Cursor, Write as _};

use jit_core::grammar::{VERBS, Verb};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, result::ZipError};

use super::text::cut;

/// The schema that the manifest keeps to. Source: Microsoft, "App manifest reference".
const SCHEMA: &str = "1.25";
/// Teams takes a package in place of an older one only when its version is higher; the first that it takes is 1.0.0.
const VERSION: &str = concat!("1.", env!("CARGO_PKG_VERSION_MINOR"), ".", env!("CARGO_PKG_VERSION_PATCH"));
/// The command of the message extension that opens the form for a request.
pub const REQUEST: &str = "request";
/// The one that shows all at a glance.
pub const HOME: &str = "home";
/// Longest name of a command. Source: the schema.
const COMMAND: usize = 32;
/// Longest description of a command.
const DESCRIPTION: usize = 128;
/// Most commands that Teams' menu shows.
const COMMANDS: usize = 10;
/// Longest description of the app.
const LONG_DESCRIPTION: usize = 4_000;

/// The icons, as they stand in the package.
const ICONS: [(&str, &[u8]); 2] = [
    ("color.png", include_bytes!("../../../../manifests/teams/color.png")),
    ("outline.png", include_bytes!("../../../../manifests/teams/outline.png")),
];

/// The package of a deployment at this address: the same bytes for the same manifest.
pub fn package(url: &Url, app: Uuid) -> Result<Vec<u8>, ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let manifest = printed(url, app);
    for (name, bytes) in [("manifest.json", manifest.as_bytes())].into_iter().chain(ICONS) {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The manifest, as people read it.
pub fn printed(url: &Url, app: Uuid) -> String {
    format!("{:#}\n", manifest(url, app))
}

/// The manifest of a deployment at this address, whose bot is this application of Entra.
pub fn manifest(url: &Url, app: Uuid) -> Value {
    let address = url.as_str().trim_end_matches('/');
    let scopes = |scopes: &[&str]| json!({ "scopes": scopes, "commands": commands() });
    json!({
        "$schema": format!("https://developer.microsoft.com/en-us/json-schemas/teams/v{SCHEMA}/MicrosoftTeams.schema.json"),
        "manifestVersion": SCHEMA,
        "version": VERSION,
        "id": app.to_string(),
        "developer": { "name": "jit", "websiteUrl": address, "privacyUrl": address, "termsOfUseUrl": address },
        "name": { "short": "jit", "full": "jit: privileged access when you need it" },
        "description": {
            "short": "Privileged access when you need it, taken back by itself",
            "full": cut(&description(VERBS), LONG_DESCRIPTION),
        },
        "icons": { "color": "color.png", "outline": "outline.png" },
        "accentColor": "#1B3A4B",
        "bots": [{
            "botId": app.to_string(),
            "scopes": ["personal", "team", "groupChat"],
            "isNotificationOnly": false,
            "supportsFiles": false,
            "supportsCalling": false,
            "supportsVideo": false,
            "commandLists": [scopes(&["personal"]), scopes(&["team", "groupChat"])],
        }],
        "composeExtensions": [{
            "botId": app.to_string(),
            "commands": [{
                "id": REQUEST,
                "type": "action",
                "title": "Ask for access",
                "description": "Opens the form for a request: role, duration and why you need it",
                "context": ["compose", "commandBox"],
                "fetchTask": true,
            }, {
                "id": HOME,
                "type": "action",
                "title": "My access",
                "description": "What you hold and asked for, and what waits for you",
                "context": ["compose", "commandBox"],
                "fetchTask": true,
            }],
        }],
        "staticTabs": [
            { "entityId": "conversations", "scopes": ["personal"] },
            { "entityId": "about", "scopes": ["personal"] },
        ],
        "defaultInstallScope": "personal",
        "defaultGroupCapability": { "team": "bot", "groupchat": "bot" },
        "permissions": ["identity", "messageTeamMembers"],
        "validDomains": url.host_str().into_iter().collect::<Vec<_>>(),
    })
}

/// What Teams' menu offers: what can be written without an id, which nobody knows by heart; last of all help, which names the others.
fn commands() -> Vec<Value> {
    let (help, others): (Vec<&Verb>, Vec<&Verb>) = VERBS.iter().partition(|verb| verb.name == "help");
    let of_an_id = |verb: &&Verb| verb.usage.split(' ').nth(1) == Some("ID");
    let bare = others.into_iter().filter(|verb| !of_an_id(verb)).take(COMMANDS - 1);
    let command =
        |verb: &Verb| json!({ "title": cut(verb.name, COMMAND), "description": cut(verb.summary, DESCRIPTION) });
    bare.chain(help).map(command).collect()
}

fn description(verbs: &[Verb]) -> String {
    let intro = "jit gives people privileged access only when they need it, only as much as the task needs, and takes it back by \
        itself. Write to jit, or mention it in a channel; the right people get buttons; the access is set up, announced, and ended in time.";
    verbs.iter().fold(intro.to_owned(), |text, verb| format!("{text}\n\n{}\n{}", verb.usage, verb.summary))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: Uuid = Uuid::from_u128(0x1111_1111_2222_4333_8444_5555_5555_5555);

    fn url() -> Url {
        Url::parse("https://jit.example.com").unwrap()
    }

    #[test]
    fn it_is_the_file_that_people_read() {
        let file = include_str!("../../../../manifests/teams/manifest.json");
        assert_eq!(
            file,
            printed(&url(), APP),
            "print it anew: jit manifest teams --url https://jit.example.com --app-id {APP}"
        );
    }

    #[test]
    fn the_package_holds_the_manifest_and_two_icons_and_is_the_same_each_time() {
        let package = package(&url(), APP).unwrap();
        assert_eq!(package, self::package(&url(), APP).unwrap());
        let mut zip = zip::ZipArchive::new(Cursor::new(package)).unwrap();
        let names: Vec<String> =
            (0..zip.len()).map(|i| zip.by_index(i).unwrap().name().unwrap().into_owned()).collect();
        assert_eq!(names, ["manifest.json", "color.png", "outline.png"]);
        let manifest: Value = serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
        assert_eq!(manifest, self::manifest(&url(), APP));
    }

    /// Width, height, depth and kind of colour stand at fixed places of every PNG.
    #[test]
    fn icons_have_the_sizes_that_teams_wants() {
        for ((name, png), size) in ICONS.into_iter().zip([192u32, 32]) {
            assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
            assert_eq!(png[16..20], size.to_be_bytes());
            assert_eq!(png[20..24], size.to_be_bytes());
            assert!(name == "color.png" || png[24..26] == [8, 6], "eight bits, with transparency");
        }
    }

    #[test]
    fn no_command_is_cut_and_help_names_the_rest() {
        let commands = commands();
        assert_eq!(commands.len(), COMMANDS);
        assert_eq!((&commands[0]["title"], &commands[COMMANDS - 1]["title"]), (&json!("request"), &json!("help")));
        for command in commands {
            assert!(!command.to_string().contains('…'), "{command}");
        }
        assert!(description(VERBS).chars().count() <= LONG_DESCRIPTION);
    }

    #[test]
    fn a_path_before_ours_is_no_domain() {
        let manifest = manifest(&Url::parse("https://example.com/chatops/").unwrap(), APP);
        assert_eq!(manifest["validDomains"], json!(["example.com"]));
        assert_eq!(manifest["developer"]["websiteUrl"], "https://example.com/chatops");
    }
}
