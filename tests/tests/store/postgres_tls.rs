//! The database over TLS: every session is encrypted, and another authority's certificate is refused.

use jit_store::{Clock, Store};
use jit_tests::servers::{Folder, Postgres, certificates};

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_reached_over_tls_with_its_certificate_verified() {
    let (server, folder) = (Postgres::start(), Folder::new("tls"));
    certificates(&folder);
    server.speak_tls(&folder).await;
    let url = |host: &str, ca: &str| {
        let file = folder.join(ca);
        format!(
            "postgres://postgres@{host}:{}/postgres?sslmode=verify-full&sslrootcert={}",
            server.port(),
            file.display()
        )
    };
    let store = Store::open(&url("127.0.0.1", "ca.pem"), None, Clock::Record).await.unwrap();
    store.migrate().await.unwrap();
    let admin = server.connect().await;
    let plain = "SELECT count(*) FILTER (WHERE NOT ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                 WHERE application_name = 'jit' OR application_name = $1";
    let row = admin.query_one(plain, &[&store.name()]).await.unwrap();
    assert!(row.get::<_, i64>(0) == 0 && row.get::<_, i64>(1) >= 2, "{row:?}");
    // The server's own certificate is no authority, and another name is not in it.
    for refused in [url("127.0.0.1", "its-server.pem"), url("localhost", "ca.pem")] {
        let error = anyhow::Error::from(Store::open(&refused, None, Clock::Record).await.unwrap_err());
        assert!(format!("{error:#}").contains("certificate"), "{error:#}");
    }
}
