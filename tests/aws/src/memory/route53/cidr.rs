//! CIDR collections: named blocks of addresses for IP-based routing. Whether records use them is checked by the rules.

use std::collections::BTreeMap;

use super::{Outcome, Route53, created, invalid_input, ok, required};
use crate::memory::xml_response::{Page, given, node, text};
use crate::memory::{ApiCall, Ids};
use crate::message::ApiError;
use crate::upstream::Place;
use crate::xml::Element;

/// The limit for one request.
const MAX_BLOCKS: usize = 1_000;

#[derive(Debug, Clone)]
pub(super) struct Collection {
    id: String,
    arn: String,
    name: String,
    reference: String,
    version: u64,
    /// The location of each block.
    blocks: BTreeMap<String, String>,
}

impl Route53 {
    /// Creates a collection. The same name with the same caller reference returns the existing one.
    pub(super) fn create_collection(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let request = call.request.xml();
        let (name, reference) = (required(&request, "Name")?, required(&request, "CallerReference")?);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if name.len() > 64 || reference.len() > 64 || !name.chars().all(is_name) {
            return Err(invalid_input(&format!("{name} is not a valid name for a CIDR collection.")));
        }
        if let Some((_, found)) = self.collections.all(place).find(|(_, collection)| collection.name == name) {
            if found.reference != reference {
                let message = "A CIDR collection with this name and a different caller reference already exists.";
                return Err(ApiError::new(400, "CidrCollectionAlreadyExistsException", message));
            }
            return Ok(found.to_created());
        }
        let id = call.ids.uuid();
        let collection = Collection {
            arn: format!("arn:aws:route53:::cidrcollection/{id}"),
            id: id.clone(),
            name: name.to_owned(),
            reference: reference.to_owned(),
            version: 1,
            blocks: BTreeMap::new(),
        };
        let response = collection.to_created();
        self.collections.put(place, &id, collection);
        Ok(response)
    }

    pub(super) fn list_collections(&self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let from = call.query("nexttoken").unwrap_or_default();
        let all = self.collections.all(place).skip_while(|(id, _)| *id < from.as_str());
        let page = Page::of(all, call.query("maxresults").as_deref(), 100);
        let items = page.items.iter().map(|(_, collection)| node("member", collection.summary())).collect();
        let mut children = vec![node("CidrCollections", items)];
        children.extend(page.next.map(|(id, _)| text("NextToken", id)));
        Ok(ok("ListCidrCollectionsResponse", children))
    }

    pub(super) fn list_locations(&self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let mut names: Vec<&String> = self.collection(place, call.name(0))?.blocks.values().collect();
        names.sort();
        names.dedup();
        let items = names.into_iter().map(|name| node("member", vec![text("LocationName", name)])).collect();
        Ok(ok("ListCidrLocationsResponse", vec![node("CidrLocations", items)]))
    }

    pub(super) fn list_blocks(&self, place: &Place, call: &ApiCall<'_>) -> Outcome {
        let (wanted, from) = (call.query("location"), call.query("nexttoken").unwrap_or_default());
        let blocks = self.collection(place, call.name(0))?.blocks.iter();
        let blocks = blocks.filter(|(_, location)| wanted.as_ref().is_none_or(|wanted| wanted == *location));
        let page =
            Page::of(blocks.skip_while(|(block, _)| **block < from), call.query("maxresults").as_deref(), MAX_BLOCKS);
        let item = |(block, location): &(&String, &String)| {
            node("member", vec![text("CidrBlock", *block), text("LocationName", *location)])
        };
        let mut children = vec![node("CidrBlocks", page.items.iter().map(item).collect())];
        children.extend(page.next.map(|(block, _)| text("NextToken", block)));
        Ok(ok("ListCidrBlocksResponse", children))
    }

    /// Applies all changes, or none. A block is in one location of a collection.
    pub(super) fn change_collection(&mut self, place: &Place, call: &mut ApiCall<'_>) -> Outcome {
        let change = call.ids.next("C", 20, Ids::UPPER);
        let id = call.name(0);
        let collection = self.collections.get_mut(place, id).ok_or_else(|| missing(id))?;
        let request = call.request.xml();
        if given(&request, "CollectionVersion").is_some_and(|version| version != collection.version.to_string()) {
            let message = "The CIDR collection version that you provided does not match the current version.";
            return Err(ApiError::new(409, "CidrCollectionVersionMismatchException", message));
        }
        let changes = request.items_at(&["Changes"]);
        if changes.is_empty()
            || changes.iter().map(|change| change.items_at(&["CidrList"]).len()).sum::<usize>() > MAX_BLOCKS
        {
            return Err(invalid_input("A request has 1 to 1000 CIDR blocks."));
        }
        let mut blocks = collection.blocks.clone();
        for change in changes {
            let location = required(change, "LocationName")?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            if location.len() > 16 || !location.chars().all(is_name) {
                return Err(invalid_input(&format!("{location} is not a valid name for a location.")));
            }
            for cidr in change.items_at(&["CidrList"]) {
                apply(&mut blocks, change.text_at(&["Action"]), location, &cidr.text)?;
            }
        }
        collection.blocks = blocks;
        collection.version += 1;
        Ok(ok("ChangeCidrCollectionResponse", vec![text("Id", change)]))
    }

    pub(super) fn delete_collection(&mut self, place: &Place, id: &str) -> Outcome {
        if !self.collection(place, id)?.blocks.is_empty() {
            let message = "This CIDR collection is in use, and isn't empty.";
            return Err(ApiError::new(400, "CidrCollectionInUseException", message));
        }
        self.collections.remove(place, id);
        Ok(ok("DeleteCidrCollectionResponse", Vec::new()))
    }

    fn collection(&self, place: &Place, id: &str) -> Result<&Collection, ApiError> {
        self.collections.get(place, id).ok_or_else(|| missing(id))
    }
}

impl Collection {
    fn summary(&self) -> Vec<Element> {
        vec![
            text("Arn", &self.arn),
            text("Id", &self.id),
            text("Name", &self.name),
            text("Version", self.version.to_string()),
        ]
    }

    fn to_created(&self) -> crate::message::Response {
        let collection = node("Collection", self.summary());
        created("CreateCidrCollectionResponse", vec![collection], &format!("cidrcollection/{}", self.id))
    }
}

fn apply(blocks: &mut BTreeMap<String, String>, action: &str, location: &str, cidr: &str) -> Result<(), ApiError> {
    let block = normalized(cidr).ok_or_else(|| invalid_input(&format!("{cidr} is not a valid CIDR block.")))?;
    match action {
        "PUT" => match blocks.get(&block).filter(|other| *other != location) {
            Some(other) => {
                let message = format!("The CIDR block {block} is already in use by the location {other}.");
                Err(ApiError::new(400, "CidrBlockInUseException", message))
            }
            None => {
                blocks.insert(block, location.to_owned());
                Ok(())
            }
        },
        "DELETE_IF_EXISTS" => {
            if blocks.get(&block).is_some_and(|its| its == location) {
                blocks.remove(&block);
            }
            Ok(())
        }
        _ => Err(invalid_input(&format!("{action} is no action."))),
    }
}

/// A block as Route 53 stores it: IPv4 with 1 to 24 bits, IPv6 with 1 to 48 bits.
fn normalized(cidr: &str) -> Option<String> {
    let (address, prefix) = cidr.split_once('/')?;
    let (address, prefix): (std::net::IpAddr, u32) = (address.parse().ok()?, prefix.parse().ok()?);
    let max = if address.is_ipv4() { 24 } else { 48 };
    (1..=max).contains(&prefix).then(|| format!("{address}/{prefix}"))
}

fn missing(id: &str) -> ApiError {
    ApiError::new(404, "NoSuchCidrCollectionException", format!("The CIDR collection {id} does not exist."))
}
