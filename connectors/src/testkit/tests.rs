//! The kit's own tests: an honest fake passes, also when it is late, half-done or throttled; each lie is found, and by the right check.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use rstest::rstest;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::fake::{Call, Clock, FakeTarget, Fault, Flaw, SECRET};

/// A fake under the kit, on a clock of its own.
struct FakeSubject {
    target: FakeTarget,
    clock: Arc<Mutex<DateTime<Utc>>>,
    flaw: Option<Flaw>,
    count: AtomicU32,
}

impl FakeSubject {
    fn new(can: Capabilities, flaw: Option<Flaw>) -> Self {
        let clock = Arc::new(Mutex::new(DateTime::from_timestamp(1_792_000_000, 0).unwrap()));
        let target = Self::make(can, &clock, flaw);
        Self { target, clock, flaw, count: AtomicU32::new(0) }
    }

    fn make(can: Capabilities, clock: &Arc<Mutex<DateTime<Utc>>>, flaw: Option<Flaw>) -> FakeTarget {
        let shared = Arc::clone(clock);
        let clock: Clock = Arc::new(move || *shared.lock().unwrap());
        let target = FakeTarget::new(can, clock);
        flaw.into_iter().fold(target, FakeTarget::flawed)
    }
}

struct FakeSession {
    target: FakeTarget,
    id: u64,
}

#[async_trait]
impl Session for FakeSession {
    async fn works(&mut self) -> bool {
        self.target.session_is_open(self.id)
    }
}

#[async_trait]
impl Subject for FakeSubject {
    async fn connect(&self) -> Arc<dyn Connector> {
        Arc::new(self.target.connector())
    }

    async fn unreachable(&self) -> Arc<dyn Connector> {
        let target = Self::make(self.target.connector().capabilities(), &self.clock, self.flaw);
        for call in
            [Call::Grant, Call::Revoke, Call::EndSessions, Call::Reveal, Call::Inspect, Call::Holders, Call::Probe]
        {
            target.fail_always(call, Fault::Down);
        }
        Arc::new(target.connector())
    }

    async fn entitlement(&self) -> Entitlement {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let account = format!("account-{n}").as_str().into();
        Entitlement { connector: "fake".into(), account, target: self.target(), instance: None }
    }

    fn target(&self) -> Target {
        serde_json::from_value(json!({ "role": "admin" })).unwrap()
    }

    async fn works(&self, e: &Entitlement, _with: Option<&Handover>) -> bool {
        self.target.works(e)
    }

    async fn signs_in(&self, e: &Entitlement, secret: &SecretString) -> bool {
        self.target.signs_in(e, secret.expose_secret())
    }

    async fn elevated_session(&self, e: &Entitlement, _with: Option<&Handover>) -> Box<dyn Session> {
        Box::new(FakeSession { target: self.target.clone(), id: self.target.open_session(&e.account, Some(e)) })
    }

    async fn other_session(&self, e: &Entitlement) -> Box<dyn Session> {
        Box::new(FakeSession { target: self.target.clone(), id: self.target.open_session(&e.account, None) })
    }

    async fn give_behind(&self, e: &Entitlement) {
        self.target.hold(e);
    }

    async fn take_behind(&self, e: &Entitlement) {
        self.target.drop_behind(e);
    }

    fn bad_targets(&self) -> Vec<Target> {
        [json!({}), json!({ "role": "" }), json!({ "role": "a", "more": 1 })]
            .map(|t| serde_json::from_value(t).unwrap())
            .into()
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }

    fn now(&self) -> DateTime<Utc> {
        *self.clock.lock().unwrap()
    }

    async fn wait_until(&self, then: DateTime<Utc>) {
        let mut now = self.clock.lock().unwrap();
        *now = then.max(*now);
    }
}

const PLAIN: Capabilities = FakeTarget::CAPABILITIES;
const EXPIRES: Capabilities = Capabilities { native_expiry: true, ..PLAIN };

#[rstest]
#[case::plain(PLAIN, 13)]
#[case::expires(EXPIRES, 14)]
#[case::accounts(Capabilities { native_expiry: true, composes: false, standing_possible: false, makes_accounts: true, ..PLAIN }, 14)]
#[case::little(Capabilities { ends_sessions: false, standing_possible: false, ..PLAIN }, 11)]
#[tokio::test]
async fn an_honest_connector_passes(#[case] can: Capabilities, #[case] checks: usize) {
    let made = conformance(&FakeSubject::new(can, None)).await.unwrap();
    assert_eq!(made.len(), checks, "{made:?}");
}

#[rstest]
#[case::late(Fault::Late(Duration::from_millis(2)))]
#[case::twice(Fault::Twice)]
#[tokio::test]
async fn a_slow_or_repeating_connector_passes(#[case] fault: Fault) {
    let subject = FakeSubject::new(EXPIRES, None);
    for call in [Call::Grant, Call::Revoke, Call::EndSessions, Call::Inspect, Call::Holders] {
        subject.target.fail_always(call, fault.clone());
    }
    conformance(&subject).await.unwrap();
}

#[rstest]
#[case::half_done(Fault::HalfDone)]
#[case::throttled(Fault::Throttled(Duration::from_millis(2)))]
#[case::hangs(Fault::Hang(Duration::from_millis(2)))]
#[case::down(Fault::Down)]
#[tokio::test]
async fn failures_that_pass_are_forgiven(#[case] fault: Fault) {
    let subject = FakeSubject::new(EXPIRES, None);
    for call in [Call::Grant, Call::Grant, Call::Revoke, Call::Revoke, Call::Inspect, Call::Inspect] {
        subject.target.fail_next(call, fault.clone());
    }
    conformance(&subject).await.unwrap();
    assert_eq!(subject.target.state().next_faults, [], "every fault was met");
}

#[rstest]
#[case::grant(Call::Grant)]
#[case::revoke(Call::Revoke)]
#[case::inspect(Call::Inspect)]
#[tokio::test]
async fn a_call_that_always_lies_is_found(#[case] call: Call) {
    let subject = FakeSubject::new(EXPIRES, None);
    subject.target.fail_always(call, Fault::Lie);
    let broken = conformance(&subject).await.unwrap_err();
    assert!(broken.iter().any(|violation| violation.check == "grant and revoke, each twice"), "{broken:?}");
}

#[rstest]
#[case(Flaw::NeverExpires, "it ends by itself")]
#[case(Flaw::GrantLies, "grant and revoke, each twice")]
#[case(Flaw::RevokeLies, "grant and revoke, each twice")]
#[case(Flaw::RevokeDoesNothing, "grant and revoke, each twice")]
#[case(Flaw::GrantsCount, "grant and revoke, each twice")]
#[case(Flaw::SecondGrantFails, "grant and revoke, each twice")]
#[case(Flaw::EndStays, "the end moves")]
#[case(Flaw::GoneWhenUnreachable, "a system that is not reached")]
#[case(Flaw::UnreachableIsPermanent, "a system that is not reached")]
#[case(Flaw::ErrorsTellSecrets, "a system that is not reached")]
#[case(Flaw::SessionsSurvive, "sessions end and others live")]
#[case(Flaw::BystandersDie, "sessions end and others live")]
#[case(Flaw::RevokeOfNothingFails, "revoke of nothing")]
#[case(Flaw::HoldersForget, "holders")]
#[case(Flaw::AnyTargetWillDo, "bad targets")]
#[case(Flaw::DeadlineIgnored, "nothing after the deadline")]
#[case(Flaw::StandingUnseen, "standing access is seen")]
#[case(Flaw::OverlapFails, "calls that overlap")]
#[case(Flaw::RevokesEverybody, "one does not touch another")]
#[tokio::test]
async fn each_flaw_is_found_by_its_check(#[case] flaw: Flaw, #[case] check: &str) {
    let broken = conformance(&FakeSubject::new(EXPIRES, Some(flaw))).await.unwrap_err();
    assert!(broken.iter().any(|violation| violation.check == check), "{flaw:?} was found only by {broken:?}");
}
