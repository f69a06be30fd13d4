//! Facts: everything a decision needs to know, loaded by the shell before it decides.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::access::Access;
use crate::advice::Past;
use crate::directory::Directory;
use crate::entitlement::{Capabilities, Entitlement, EntitlementKey};
use crate::event::Actor;
use crate::freeze::Freeze;
use crate::id::{AccessId, ConnectorName, PersonId, RoleName, ShortId};
use crate::policy::Policy;
use crate::ticket::Known;

/// What is known at the moment of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who or what brings the command about, for the record.
    pub actor: &'a Actor,
    /// Today's policy.
    pub policy: &'a Policy,
    /// Today's directory.
    pub directory: &'a Directory,
    /// The connectors that are configured.
    pub connectors: &'a BTreeMap<ConnectorName, Capabilities>,
    /// Everything open of the beneficiary, this access excluded.
    pub open: &'a [OpenAccess],
    /// What is frozen.
    pub freezes: &'a [Freeze],
    /// For an emergency bypass: the beneficiary's earlier ones that nobody has reviewed yet.
    pub unreviewed: &'a [Unreviewed],
    /// What is known of the beneficiary's past, for [`crate::advice`] alone; `None` where nobody is to be advised.
    pub past: Option<&'a Past>,
    /// How many accesses are held by all people together.
    pub in_use: InUse,
    /// What is known of the ticket of a request that is only previewed; of an access, its own events say so.
    pub ticket: Known<'a>,
    /// For an extension: the access it extends.
    pub parent: Option<&'a Access>,
    /// Of a bundle: its other members as they are, in their order.
    pub bundle: &'a [Access],
    /// Of a bundle: what is known beside its other roles.
    pub of_roles: &'a [OfRole],
    /// Of a bundle that is asked for or waits: the other roles that would be given with the one in question.
    pub together: &'a [RoleName],
}

/// What of the facts depends on the role that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfRole {
    /// Which role.
    pub role: RoleName,
    /// See [`Facts::in_use`].
    pub in_use: InUse,
    /// See [`Facts::past`].
    pub past: Option<Past>,
}

impl<'a> Facts<'a> {
    /// The facts beside another role of the same bundle; as they are where it is not among [`Facts::of_roles`].
    pub fn beside_role(self, role: &RoleName, together: &'a [RoleName]) -> Self {
        let of = self.of_roles.iter().find(|of| of.role == *role);
        Self {
            in_use: of.map_or(self.in_use, |of| of.in_use),
            past: of.map_or(self.past, |of| of.past.as_ref()),
            together,
            ..self
        }
    }
}

/// How many accesses are held by all people together at the time in question, this one excluded: given or being given, and not yet proven
/// gone, or agreed for a later start within that time. An extension and what it extends are one. Counted only where policy limits it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    /// Of the role in question.
    pub of_role: u64,
    /// Of all roles.
    pub in_all: u64,
}

/// An emergency bypass that waits for its review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreviewed {
    /// Its short id.
    pub short: ShortId,
    /// By when it is to be reviewed.
    pub due: DateTime<Utc>,
    /// It was only rehearsed.
    pub rehearsed: bool,
}

/// What is open beside a request: to one that is meant for real, rehearsals are not there. So no rehearsal, of which nobody holds anything,
/// ever keeps back what is needed; a rehearsal itself is judged as if everything were real.
pub fn beside(open: &[OpenAccess], rehearsed: bool) -> Cow<'_, [OpenAccess]> {
    if rehearsed || open.iter().all(|access| access.entitlement.is_some()) {
        return Cow::Borrowed(open);
    }
    Cow::Owned(open.iter().filter(|access| access.entitlement.is_some()).cloned().collect())
}

/// The little that other decisions need to know of an open access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAccess {
    /// Its key.
    pub id: AccessId,
    /// Its short id.
    pub short: ShortId,
    /// Whose it is.
    pub beneficiary: PersonId,
    /// Which role.
    pub role: RoleName,
    /// See [`Access::state_name`].
    pub state: String,
    /// When it begins, where it waits for a later start.
    pub starts: Option<DateTime<Utc>>,
    /// Its end, as far as it is known: not of what waits for people to begin at once, nor of what is being taken back.
    pub until: Option<DateTime<Utc>>,
    /// The access it extends.
    pub extends: Option<AccessId>,
    /// What it may hold; nothing when it is only rehearsed.
    pub entitlement: Option<EntitlementKey>,
}

impl From<&Access> for OpenAccess {
    fn from(access: &Access) -> Self {
        Self {
            id: access.id,
            short: access.short.clone(),
            beneficiary: access.request.beneficiary.clone(),
            role: access.request.role.clone(),
            state: access.state_name().to_owned(),
            starts: access.planned().map(|(start, _)| start),
            until: access.until().or(access.planned().map(|(_, end)| end)).or(access.holds()),
            extends: access.request.extends.as_ref().map(|e| e.parent),
            entitlement: access.entitlement().map(Entitlement::key),
        }
    }
}
