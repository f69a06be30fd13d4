//! Every version's rows survive every later migration (on SQLite; the matrix of backends runs the same in `jit-tests`).

use jit_migrations::{Migrator, pending, run, run_steps, seeds, unknown};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;

async fn database(folder: &tempfile::TempDir) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}/jit.db?mode=rwc", folder.path().display()));
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the folder is writable")
}

#[tokio::test]
async fn rows_of_every_version_survive_all_later_migrations() {
    let names: Vec<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    assert_eq!(names, seeds().iter().map(|s| s.migration.to_owned()).collect::<Vec<_>>(), "each brings a seed");
    for (done, seed) in (1..).zip(seeds()) {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder).await;
        run_steps(&db, Some(done)).await.unwrap();
        seed.plant(&db).await.unwrap();
        run(&db).await.unwrap();
        assert_eq!(seed.missing(&db).await.unwrap(), Vec::<&str>::new(), "{}", seed.migration);
    }
}

#[tokio::test]
async fn running_again_changes_nothing_and_a_newer_database_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    assert_eq!(pending(&db).await.unwrap().len(), seeds().len());
    run(&db).await.unwrap();
    run(&db).await.unwrap();
    assert_eq!((pending(&db).await.unwrap(), unknown(&db).await.unwrap()), (vec![], vec![]));
    db.execute_unprepared("INSERT INTO seaql_migrations VALUES ('m29990101_000001_future', 1)").await.unwrap();
    assert_eq!(unknown(&db).await.unwrap(), ["m29990101_000001_future"]);
}

#[tokio::test]
async fn events_can_be_neither_changed_nor_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let db = database(&folder).await;
    run_steps(&db, Some(1)).await.unwrap();
    seeds()[0].plant(&db).await.unwrap();
    run(&db).await.unwrap();
    for attempt in ["UPDATE events SET version = 2", "DELETE FROM events"] {
        let error = db.execute_unprepared(attempt).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}
