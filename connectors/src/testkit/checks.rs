//! The checks of the conformance kit, one function each. Each makes its own entitlements and leaves them taken back.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use jit_core::entitlement::{Entitlement, Holding};
use secrecy::{ExposeSecret, SecretString};

use super::{Check, Kit, ensure};
use crate::contract::{ConnectorError, Holder};

/// How far away the ends of ordinary grants are.
const FAR: TimeDelta = TimeDelta::minutes(10);

/// How far away ends are that are waited for; the later ones for systems and machines too slow for the first.
const NEAR: [TimeDelta; 3] = [TimeDelta::seconds(4), TimeDelta::seconds(15), TimeDelta::seconds(60)];

/// How long a failing call to a system that is not reached may take, with a deadline of two seconds.
const FAILING_CALL: Duration = Duration::from_secs(15);

/// All of them.
pub(super) const ALL: &[Check] = &[
    ("probe", |_| true, |kit| Box::pin(probe(kit))),
    ("grant and revoke, each twice", |_| true, |kit| Box::pin(twice(kit))),
    ("revoke of nothing", |_| true, |kit| Box::pin(nothing(kit))),
    ("a restart forgets nothing", |_| true, |kit| Box::pin(restart(kit))),
    ("the end moves", |_| true, |kit| Box::pin(moved_end(kit))),
    ("it ends by itself", |can| can.native_expiry, |kit| Box::pin(own_end(kit))),
    ("sessions end and others live", |can| can.ends_sessions, |kit| Box::pin(sessions(kit))),
    ("one does not touch another", |_| true, |kit| Box::pin(apart(kit))),
    ("calls that overlap", |_| true, |kit| Box::pin(overlap(kit))),
    ("nothing after the deadline", |_| true, |kit| Box::pin(deadline(kit))),
    ("a system that is not reached", |_| true, |kit| Box::pin(unreachable(kit))),
    ("bad targets", |_| true, |kit| Box::pin(bad_targets(kit))),
    ("holders", |_| true, |kit| Box::pin(holders(kit))),
    ("only the newest secret works", |can| can.makes_accounts, |kit| Box::pin(secrets(kit))),
    ("standing access is seen", |can| can.standing_possible, |kit| Box::pin(standing(kit))),
];

async fn probe(kit: &Kit<'_>) -> Result<(), String> {
    kit.connector.probe().await.map_err(|error| format!("the system is well, and the probe says: {error}"))
}

async fn twice(kit: &Kit<'_>) -> Result<(), String> {
    let mut case = kit.case().await;
    kit.is_gone(&case).await?;
    let until = kit.end(FAR);
    for _ in 0..2 {
        let granted = kit.grant(&mut case, until).await?;
        let expected = kit.can.native_expiry.then_some(until);
        ensure(
            granted.native_until == expected,
            &format!("grant says that it ends at {:?}, not {expected:?}", granted.native_until),
        )?;
        kit.holds(&case, until).await?;
        kit.holds(&case, until).await?;
    }
    for _ in 0..2 {
        kit.revoke(&case).await?;
        kit.end_sessions(&case).await?;
        kit.is_gone(&case).await?;
    }
    let until = kit.end(FAR);
    kit.grant(&mut case, until).await?;
    kit.holds(&case, until).await.map_err(|what| format!("granted again after a revoke: {what}"))?;
    kit.revoke(&case).await?;
    kit.is_gone(&case).await
}

async fn nothing(kit: &Kit<'_>) -> Result<(), String> {
    let case = kit.case().await;
    kit.revoke(&case).await?;
    let ended = kit.end_sessions(&case).await?;
    ensure(ended.sessions == 0, "sessions of nobody were ended")?;
    kit.is_gone(&case).await
}

async fn restart(kit: &Kit<'_>) -> Result<(), String> {
    let mut case = kit.case().await;
    let until = kit.end(FAR);
    let granted = kit.grant(&mut case, until).await?;
    let after = kit.subject.connect().await;
    let again = Kit { subject: kit.subject, can: kit.can, connector: after };
    again.holds(&case, until).await?;
    match again.inspect(&case).await? {
        Holding::Held { handover, .. } if handover != granted.handover => {
            return Err(format!("handed over {:?}, after a restart {handover:?}", granted.handover));
        }
        _ => (),
    }
    again.revoke(&case).await?;
    again.is_gone(&case).await?;
    kit.is_gone(&case).await
}

async fn moved_end(kit: &Kit<'_>) -> Result<(), String> {
    let mut case = kit.case().await;
    for minutes in [10, 20, 5] {
        let until = kit.end(TimeDelta::minutes(minutes));
        kit.grant(&mut case, until).await?;
        kit.holds(&case, until).await?;
    }
    kit.revoke(&case).await?;
    kit.is_gone(&case).await
}

async fn own_end(kit: &Kit<'_>) -> Result<(), String> {
    let (mut plain, mut shortened) = (kit.case().await, kit.case().await);
    for near in NEAR {
        kit.grant(&mut shortened, kit.end(FAR)).await?;
        let until = kit.end(near);
        let mut worked = true;
        for case in [&mut plain, &mut shortened] {
            let granted = kit.grant(case, until).await.map(drop);
            let works = kit.works(case).await;
            if kit.subject.now() >= until {
                worked = false;
                break;
            }
            granted?;
            ensure(works, "it does not work before its end")?;
        }
        if !worked {
            continue;
        }
        kit.subject.wait_until(until).await;
        ensure(!kit.works(&plain).await, "its own end has come, and it still works")?;
        ensure(!kit.works(&shortened).await, "its own end was moved and has come, and it still works")?;
        for case in [&plain, &shortened] {
            kit.revoke(case).await?;
            kit.is_gone(case).await?;
        }
        return Ok(());
    }
    Err("the system is too slow to see whether it works before its end".to_owned())
}

async fn sessions(kit: &Kit<'_>) -> Result<(), String> {
    let mut case = kit.case().await;
    kit.grant(&mut case, kit.end(FAR)).await?;
    let mut elevated = kit.subject.elevated_session(&case.e, case.handed.last()).await;
    let mut other = kit.subject.other_session(&case.e).await;
    ensure(elevated.works().await, "a session with the access does not work")?;
    ensure(other.works().await, "a session without the access does not work")?;
    kit.revoke(&case).await?;
    let ended = kit.end_sessions(&case).await?;
    ensure(!elevated.works().await, "a session opened before the end still works after it")?;
    ensure(ended.sessions > 0, "a session was ended and is not counted")?;
    ensure(other.works().await, "a session that had nothing to do with it was ended")?;
    // Before anybody tries to get in once more: whoever does has a session, which is there for a moment after it was closed.
    ensure(kit.end_sessions(&case).await?.sessions == 0, "sessions are ended again that ended before")?;
    kit.is_gone(&case).await
}

async fn apart(kit: &Kit<'_>) -> Result<(), String> {
    let (mut one, mut two) = (kit.case().await, kit.case().await);
    let until = kit.end(FAR);
    kit.grant(&mut one, until).await?;
    kit.is_gone(&two).await?;
    kit.grant(&mut two, until).await?;
    kit.revoke(&one).await?;
    kit.end_sessions(&one).await?;
    kit.is_gone(&one).await?;
    kit.holds(&two, until).await.map_err(|what| format!("after another's was taken back: {what}"))?;
    kit.revoke(&two).await?;
    kit.is_gone(&two).await
}

async fn overlap(kit: &Kit<'_>) -> Result<(), String> {
    let (mut one, mut two) = (kit.case().await, kit.case().await);
    let until = kit.end(FAR);
    // A second connector to the same system: another replica, whose lease was lost.
    let second = Kit { subject: kit.subject, can: kit.can, connector: kit.subject.connect().await };
    let again = || super::Case { e: one.e.clone(), handed: Vec::new() };
    let (mut a, mut b, mut c) = (again(), again(), again());
    let granted = tokio::join!(
        kit.grant(&mut one, until),
        second.grant(&mut a, until),
        kit.grant(&mut b, until),
        second.grant(&mut c, until),
        kit.grant(&mut two, until)
    );
    granted.0.and(granted.1).and(granted.2).and(granted.3).and(granted.4)?;
    for case in [a, b, c] {
        let new: Vec<_> = case.handed.into_iter().filter(|handover| !one.handed.contains(handover)).collect();
        one.handed.extend(new);
    }
    kit.holds(&one, until).await?;
    kit.holds(&two, until).await?;
    let revoked = tokio::join!(kit.revoke(&one), second.revoke(&one), kit.revoke(&one), second.inspect(&one));
    revoked.0.and(revoked.1).and(revoked.2).and(revoked.3)?;
    kit.is_gone(&one).await?;
    kit.holds(&two, until).await?;
    kit.revoke(&two).await?;
    kit.is_gone(&two).await
}

async fn deadline(kit: &Kit<'_>) -> Result<(), String> {
    let mut case = kit.case().await;
    let late = kit.attempt_until(kit.subject.now() - TimeDelta::seconds(1));
    let until = kit.end(FAR);
    let may_pass = |result: Result<(), ConnectorError>, what: &str| match result {
        Ok(()) => Err(format!("{what} after its deadline succeeds")),
        Err(error) => ensure(!error.is_permanent(), &format!("{what} after its deadline fails for good: {error}")),
    };
    may_pass(kit.connector.grant(&case.e, until, &late).await.map(drop), "grant")?;
    kit.is_gone(&case).await?;
    kit.grant(&mut case, until).await?;
    may_pass(kit.connector.revoke(&case.e, &late).await, "revoke")?;
    kit.holds(&case, until).await?;
    kit.revoke(&case).await
}

async fn unreachable(kit: &Kit<'_>) -> Result<(), String> {
    let e = kit.subject.entitlement().await;
    let connector = kit.subject.unreachable().await;
    let soon = || kit.attempt_until(kit.subject.now() + TimeDelta::seconds(2));
    let begin = Instant::now();
    let calls: [(&str, Result<(), ConnectorError>); 5] = [
        ("grant", connector.grant(&e, kit.end(FAR), &soon()).await.map(drop)),
        ("revoke", connector.revoke(&e, &soon()).await),
        ("inspect", connector.inspect(&e).await.map(drop)),
        ("holders", connector.holders(&kit.subject.target()).await.map(drop)),
        ("probe", connector.probe().await),
    ];
    ensure(begin.elapsed() < FAILING_CALL * 5, "calls to a system that is not reached take too long")?;
    for (call, result) in calls {
        let Err(error) = result else { return Err(format!("{call} succeeds without reaching the system")) };
        let told = error.to_string();
        ensure(!told.trim().is_empty(), &format!("{call} fails and does not say why"))?;
        if let Some(secret) = kit.subject.secrets().into_iter().find(|secret| told.contains(secret.as_str())) {
            return Err(format!("the error of {call} tells the secret {secret}"));
        }
        ensure(call == "probe" || !error.is_permanent(), &format!("{call} takes for lasting what may pass: {told}"))?;
    }
    Ok(())
}

async fn bad_targets(kit: &Kit<'_>) -> Result<(), String> {
    let case = kit.case().await;
    kit.connector.check_target(&case.e.target).map_err(|what| format!("a good target is refused: {what}"))?;
    kit.connector
        .check_target(&kit.subject.target())
        .map_err(|what| format!("a policy's target is refused: {what}"))?;
    for target in kit.subject.bad_targets() {
        let told = serde_json::to_string(&target).unwrap_or_default();
        ensure(kit.connector.check_target(&target).is_err(), &format!("{told} passes for a good target"))?;
        let e = Entitlement { target, ..case.e.clone() };
        match kit.connector.grant(&e, kit.end(FAR), &kit.attempt()).await {
            Err(ConnectorError::Permanent { .. }) => (),
            other => return Err(format!("a grant of {told}: {other:?}")),
        }
    }
    Ok(())
}

async fn holders(kit: &Kit<'_>) -> Result<(), String> {
    let mut case = kit.case().await;
    let target = kit.subject.target();
    let listed = || async {
        let all = super::patiently("holders", || kit.connector.holders(&target)).await?;
        Ok::<_, String>(all.into_iter().filter(|holder| holder.account == case.e.account).collect::<Vec<Holder>>())
    };
    ensure(listed().await?.is_empty(), "who holds nothing is listed")?;
    let until = kit.end(FAR);
    let e = case.e.clone();
    let mut granted = super::Case { e: e.clone(), handed: Vec::new() };
    kit.grant(&mut granted, until).await?;
    let expected = Holder { account: e.account.clone(), until: kit.can.native_expiry.then_some(until) };
    ensure(listed().await? == [expected.clone()], &format!("{expected:?} is not listed, or not so"))?;
    kit.revoke(&granted).await?;
    ensure(listed().await?.is_empty(), "whose access was taken back is listed")?;
    if kit.can.lists_holders && kit.can.standing_possible {
        kit.subject.give_behind(&e).await;
        let found = listed().await?;
        kit.subject.take_behind(&e).await;
        ensure(found.len() == 1, "who got it from somebody else is not listed")?;
    }
    case.handed = granted.handed;
    kit.is_gone(&case).await
}

async fn secrets(kit: &Kit<'_>) -> Result<(), String> {
    let mut case = kit.case().await;
    ensure(
        kit.connector.reveal(&case.e, &kit.attempt()).await.is_err(),
        "there is no account, and a secret of it is revealed",
    )?;
    let e = case.e.clone();
    kit.grant(&mut case, kit.end(FAR)).await?;
    let reveal =
        || async { super::patiently("reveal", || async { kit.connector.reveal(&e, &kit.attempt()).await }).await };
    ensure(!kit.subject.signs_in(&e, &SecretString::default()).await, "one signs in before anything is revealed")?;
    let first = reveal().await?.secret;
    ensure(kit.subject.signs_in(&e, &first).await, "what is revealed does not work")?;
    // Given again, as after a restart or for more time: what was revealed stays.
    kit.grant(&mut case, kit.end(FAR * 2)).await?;
    ensure(kit.subject.signs_in(&e, &first).await, "what was revealed does not work for the time that was added")?;
    let second = reveal().await?;
    ensure(kit.subject.signs_in(&e, &second.secret).await, "what is revealed again does not work")?;
    ensure(!kit.subject.signs_in(&e, &first).await, "what was revealed before still works")?;
    let told = second.facts.iter().map(|(_, value)| value.as_str()).chain([second.how.as_str()]);
    ensure(told.into_iter().all(|text| !text.contains(second.secret.expose_secret())), "the secret is told in a fact")?;
    kit.revoke(&case).await?;
    ensure(!kit.subject.signs_in(&e, &second.secret).await, "what was revealed works after a revoke")?;
    let late = kit.connector.reveal(&e, &kit.attempt()).await;
    ensure(late.is_err(), "it was taken back, and a secret is revealed")?;
    kit.end_sessions(&case).await?;
    kit.is_gone(&case).await
}

async fn standing(kit: &Kit<'_>) -> Result<(), String> {
    let case = kit.case().await;
    kit.subject.give_behind(&case.e).await;
    let (works, holding) = (kit.works(&case).await, kit.inspect(&case).await);
    kit.subject.take_behind(&case.e).await;
    ensure(works, "given by an administrator, and it does not work: the probe is wrong")?;
    ensure(matches!(holding?, Holding::Held { .. }), "what somebody else gave is not seen")?;
    kit.is_gone(&case).await
}
