//! A certificate in place of a client secret: what the login gets is signed by the app's key, names its certificate, and is for that login.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Path, State};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::Utc;
use jit_bot::app::teams_of;
use jit_bot::config::Config;
use jit_store::{Clock, Store};
use jit_tests::servers::{APP_ID, Folder, TENANT};
use ring::rsa::KeyPair;
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

type Asked = Arc<Mutex<Vec<(String, BTreeMap<String, String>)>>>;

async fn token(
    State(asked): State<Asked>,
    Path(tenant): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Json<Value> {
    asked.lock().expect("nobody panicked").push((tenant, form));
    Json(json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "bearer-hunter2" }))
}

fn openssl(folder: &Folder, args: &str) -> Vec<u8> {
    let done =
        Command::new("openssl").args(args.split(' ')).current_dir(folder.path()).output().expect("openssl is there");
    assert!(done.status.success(), "openssl {args}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_proves_itself_by_its_certificate() {
    jit_bot::install_crypto();
    let folder = Folder::new("certificate");
    openssl(&folder, "req -x509 -newkey rsa:2048 -noenc -days 2 -subj /CN=jit -keyout jit.key -out jit.pem");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let login = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let router = Router::new().route("/{tenant}/oauth2/v2.0/token", post(token)).with_state(Arc::clone(&asked));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let text = |key: &str| {
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"sqlite://jit.db\"\n[channels]\nannounce = \"19:a\"\nsecurity = \"19:s\"\n\
             [policy]\npath = \"policy\"\n[directory]\nfile = \"people.toml\"\n[teams]\napp_id = \"{APP_ID}\"\ntenant_id = \"{TENANT}\"\n\
             login_url = \"{login}\"\napp_certificate = {{ file = \"jit.pem\" }}\napp_certificate_key = {{ file = \"{key}\" }}\n"
        )
    };
    let config = |key: &str| Config::parse(&text(key), "jit.toml", folder.path(), &|_| None).unwrap();
    let store =
        Store::open(&format!("sqlite://{}", folder.join("jit.db").display()), None, Clock::Record).await.unwrap();
    let teams = teams_of(config("jit.key").teams.as_ref().unwrap(), &config("jit.key"), &store).unwrap();
    teams.chat.api().tokens().probe().await.unwrap();
    assert!(!format!("{:?}", teams.chat.api()).contains("PRIVATE"));

    let (tenant, form) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(tenant, TENANT);
    assert_eq!((form["grant_type"].as_str(), form["client_id"].as_str()), ("client_credentials", APP_ID));
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert!(!form.contains_key("client_secret"));
    let (signed, signature) = form["client_assertion"].rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| serde_json::from_slice::<Value>(&BASE64.decode(part).unwrap()).unwrap();
    let certificate = openssl(&folder, "x509 -in jit.pem -outform DER");
    let thumbprint = BASE64.encode(Sha256::digest(certificate));
    assert_eq!(read(header), json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint }));
    let claims = read(claims);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(APP_ID), &json!(APP_ID)));
    assert_eq!(claims["aud"], format!("{login}/{TENANT}/oauth2/v2.0/token"));
    let life = claims["exp"].as_i64().unwrap() - Utc::now().timestamp();
    assert!((240..=300).contains(&life), "{claims}");
    let key = KeyPair::from_pkcs8(&openssl(&folder, "pkcs8 -topk8 -nocrypt -in jit.key -outform DER")).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.public().as_ref());
    public.verify(signed.as_bytes(), &BASE64.decode(signature).unwrap()).expect("signed by the app's key");

    // The certificate in the key's place.
    let wrong = config("jit.pem");
    let error = teams_of(wrong.teams.as_ref().unwrap(), &wrong, &store).err().unwrap().to_string();
    assert!(error.starts_with("teams.app_certificate_key is no RSA key"), "{error}");
}
