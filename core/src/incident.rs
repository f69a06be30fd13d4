//! Incidents as their source says them, why policy agreed by itself with somebody on call, and who was on call when something was asked
//! for. The shell looks incidents up beside the rotations ([`crate::directory::Directory::set_incidents`]); policy asks for them, an access
//! remembers its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::access::Channel;
use crate::directory::{Directory, Rotations};
use crate::id::{PersonId, RoleName};
use crate::policy::Policy;

/// An open incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The source's immutable id.
    pub id: String,
    /// What people call it, such as `#42 Orders are slow`.
    pub title: String,
    /// Its own channel, where one is known.
    pub channel: Option<OwnChannel>,
}

/// An incident's own channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnChannel {
    /// The platform's id.
    Id(String),
    /// Its name, without `#`.
    Named(String),
}

/// The open incidents, by service (`source/service`). A service that is not there is unknown, which is no incident.
pub type Incidents = BTreeMap<String, Vec<Incident>>;

/// Which incident of which source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IncidentId {
    /// The name of the source in the configuration, such as `pagerduty`.
    pub source: String,
    /// The source's immutable id.
    pub id: String,
}

/// Why policy agreed by itself: somebody was on call, maybe because of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCall {
    /// The rotation (`source/schedule`) that they were on.
    pub rotation: String,
    /// The incident that the rule demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Named>,
    /// The channel that sees it: the incident's own, else the one where it was asked; an id, or a name with `#`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// It ends when the incident is resolved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_with_incident: bool,
}

/// An incident with what people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Which.
    pub key: IncidentId,
    /// The service (`source/service`) that it is of.
    pub service: String,
    /// What people call it.
    pub title: String,
}

/// What the sources said when something was asked for, as far as policy asks them about the role. Kept as evidence, and to judge it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDuty {
    /// Who was on call, by rotation; `None` where that was not known.
    pub rotations: BTreeMap<String, Option<BTreeSet<PersonId>>>,
    /// The open incidents, by service; `None` where that was not known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub incidents: BTreeMap<String, Option<Vec<Incident>>>,
}

impl OnDuty {
    /// As it is now; nothing where policy asks no source about the roles.
    pub fn about(roles: &[&RoleName], policy: &Policy, directory: &Directory) -> Option<Box<Self>> {
        let (mut rotations, mut services) = (BTreeSet::new(), BTreeSet::new());
        for (of_rotations, of_services) in roles.iter().map(|role| policy.asks_about(role)) {
            rotations.extend(of_rotations);
            services.extend(of_services);
        }
        let rotation = |name: &str| (name.to_owned(), directory.rotation(name).cloned());
        let service = |name: &str| (name.to_owned(), directory.incidents(name).map(<[Incident]>::to_vec));
        let asked = !(rotations.is_empty() && services.is_empty());
        let rotations = rotations.into_iter().map(rotation).collect();
        let incidents = services.into_iter().map(service).collect();
        asked.then(|| Box::new(Self { rotations, incidents }))
    }

    /// Whether it holds all that a policy asks about a role.
    pub fn answers(&self, role: &RoleName, policy: &Policy) -> bool {
        let (rotations, services) = policy.asks_about(role);
        rotations.iter().all(|name| self.rotations.contains_key(*name))
            && services.iter().all(|name| self.incidents.contains_key(*name))
    }

    /// Puts it in force in a directory, in place of what is so now.
    pub fn put(&self, directory: &mut Directory) {
        let known = |(name, people): (&String, &Option<BTreeSet<PersonId>>)| Some((name.clone(), people.clone()?));
        let rotations: Rotations = self.rotations.iter().filter_map(known).collect();
        if rotations != *directory.oncall() {
            directory.set_oncall(rotations);
        }
        let known = |(name, open): (&String, &Option<Vec<Incident>>)| Some((name.clone(), open.clone()?));
        directory.set_incidents(self.incidents.iter().filter_map(known).collect());
    }
}

impl OnCall {
    /// The incident whose resolution ends it.
    pub fn ends_with(&self) -> Option<&IncidentId> {
        self.incident.as_ref().filter(|_| self.ends_with_incident).map(|incident| &incident.key)
    }
}

impl Incident {
    /// Whether a channel is this incident's own. What is an id is never compared with names: anybody can name a channel.
    pub fn owns(&self, channel: &Channel) -> bool {
        self.channel.as_ref().is_some_and(|own| match own {
            OwnChannel::Id(id) => *id == channel.id,
            OwnChannel::Named(name) => *name == channel.name,
        })
    }

    /// Its own channel as notices are addressed: an id, or a name with `#`.
    pub fn address(&self) -> Option<String> {
        self.channel.as_ref().map(|own| match own {
            OwnChannel::Id(id) => id.clone(),
            OwnChannel::Named(name) => format!("#{name}"),
        })
    }
}

impl OwnChannel {
    /// As people write it: an id, or a name with or without `#`.
    pub fn written(text: &str) -> Self {
        if like_an_id(text) {
            return Self::Id(text.to_owned());
        }
        Self::Named(text.strip_prefix('#').unwrap_or(text).to_owned())
    }
}

/// Whether a text is written like a channel's id at the platform.
pub fn like_an_id(text: &str) -> bool {
    text.starts_with(['C', 'G']) && text.len() > 5 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
