//! AWS as one component of a resource uses it: a region, the owner of the component, and the component's address.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

use super::{Aws, CoalescedReads, Region, Run};
use crate::desired::{Address, Owner, OwnerId};

/// Which of the objects that carry the owner's name belong to the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// None: the resource has no claim yet.
    Unknown,
    /// Those with this owner id.
    Exactly(OwnerId),
    /// All of them: an import searches for an owner id.
    Any,
}

/// The resource that an operation works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerContext {
    /// Type and name of the resource.
    pub owner: Owner,
    /// Which objects of this name belong to the resource.
    pub identity: Identity,
    /// The region of the resource's claim, from which its global objects are managed.
    pub home_region: String,
}

impl OwnerContext {
    /// A resource that has no owner id yet.
    pub fn new(owner: Owner, home_region: &str) -> Self {
        Self { owner, identity: Identity::Unknown, home_region: home_region.to_owned() }
    }

    /// The same resource with this owner id, whose home region replaces the previous one.
    #[must_use]
    pub fn identified(&self, owner_id: OwnerId) -> Self {
        let home_region = owner_id.home_region().to_owned();
        Self { owner: self.owner.clone(), identity: Identity::Exactly(owner_id), home_region }
    }

    /// The same resource with the home region of a search, in which the objects of every owner id count.
    #[must_use]
    pub fn searching(&self, home_region: &str) -> Self {
        Self { owner: self.owner.clone(), identity: Identity::Any, home_region: home_region.to_owned() }
    }
}

/// AWS as one component uses it. Clients, calls, waits and reads are those of its [`Region`].
#[derive(Clone)]
pub struct Regional {
    region: Region,
    context: Arc<OwnerContext>,
    address: Address,
    /// The objects of other owners that the creation of the component replaces.
    replaced: Arc<Mutex<Option<Json>>>,
}

impl Deref for Regional {
    type Target = Region;

    fn deref(&self) -> &Region {
        &self.region
    }
}

impl Regional {
    /// AWS for the component at `address`. A global component uses the home region of its owner.
    pub fn new(aws: Arc<Aws>, run: Arc<Run>, context: Arc<OwnerContext>, address: Address) -> Self {
        let region = address.scope.region().unwrap_or(&context.home_region);
        let region = Region::new(aws, run, region).labelled(address.to_string());
        Self { region, context, address, replaced: Arc::default() }
    }

    /// The same component in another region.
    #[must_use]
    pub fn at(&self, region: &str) -> Self {
        Self { region: self.region.at(region), ..self.clone() }
    }

    /// The same for heartbeats: see [`Region::privileged`].
    #[must_use]
    pub fn privileged(&self) -> Self {
        Self { region: self.region.privileged(), ..self.clone() }
    }

    /// The same, coalescing its reads with those of other components: see [`Region::coalescing`].
    #[must_use]
    pub fn coalescing(&self, reads: &Arc<CoalescedReads>) -> Self {
        Self { region: self.region.coalescing(reads), ..self.clone() }
    }

    /// Records the objects of other owners that the creation of the component replaces, before the call that replaces them: the
    /// reply may be lost.
    pub fn note_replaced(&self, objects: Json) {
        *self.replaced.lock().unwrap_or_else(PoisonError::into_inner) = Some(objects);
    }

    /// The objects that were recorded last.
    pub fn replaced(&self) -> Option<Json> {
        self.replaced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the component is in its resource.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The resource that owns the component.
    pub fn owner(&self) -> &Owner {
        &self.context.owner
    }

    /// Which objects of the owner's name belong to the owner.
    pub fn identity(&self) -> &Identity {
        &self.context.identity
    }

    /// The region of the owner's claim.
    pub fn home_region(&self) -> &str {
        &self.context.home_region
    }
}
