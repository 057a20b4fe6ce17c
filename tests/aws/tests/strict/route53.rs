//! Route 53.

use aws_sdk_route53::types::{
    ChangeAction, ChangeStatus, CidrCollectionChange, CidrCollectionChangeAction, CidrRoutingConfig, GeoLocation,
    GeoProximityLocation, HealthCheckConfig, HealthCheckRegion, HealthCheckType, ResourceRecordSetFailover,
    ResourceRecordSetRegion, TagResourceType,
};

use crate::fixtures::alias;
use crate::world::{World, error_of};

const TARGET: &str = "d-1.execute-api.us-east-1.amazonaws.com";

fn config(path: &str) -> HealthCheckConfig {
    HealthCheckConfig::builder()
        .r#type(HealthCheckType::Https)
        .fully_qualified_domain_name("a.com")
        .resource_path(path)
        .build()
        .unwrap()
}

#[tokio::test]
async fn contradictory_records_are_rejected() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let primary = |set: &str| {
        alias("api.a.com", TARGET).set_identifier(set).failover(ResourceRecordSetFailover::Primary).build().unwrap()
    };
    let both = vec![primary("one"), primary("two")];
    assert_eq!(error_of!(world.change(&zone, ChangeAction::Create, both).await).0, "InvalidChangeBatch");
    world.change(&zone, ChangeAction::Create, vec![primary("one")]).await.unwrap();
    let latency =
        alias("api.a.com", TARGET).set_identifier("two").region(ResourceRecordSetRegion::UsWest2).build().unwrap();
    let (code, message) = error_of!(world.change(&zone, ChangeAction::Upsert, vec![latency]).await);
    assert_eq!(code, "InvalidChangeBatch");
    assert!(message.contains("other RRSets exist"), "{message}");
}

#[tokio::test]
async fn a_record_needs_an_existing_health_check() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let set = alias("api.a.com", TARGET).health_check_id("00000000-0000-0000-0000-000000000000").build().unwrap();
    assert_eq!(error_of!(world.change(&zone, ChangeAction::Create, vec![set]).await).0, "NoSuchHealthCheck");
}

#[tokio::test]
async fn a_change_is_pending_at_first() {
    let world = World::slow().await;
    let zone = world.zone().await;
    let set = alias("api.a.com", TARGET).build().unwrap();
    let change = world.change(&zone, ChangeAction::Create, vec![set]).await.unwrap();
    assert_eq!(change.status, ChangeStatus::Pending);
    let status =
        || async { world.route53().get_change().id(&change.id).send().await.unwrap().change_info.unwrap().status };
    assert_eq!(status().await, ChangeStatus::Pending);
    assert_eq!(status().await, ChangeStatus::Pending);
    world.wait();
    assert_eq!(status().await, ChangeStatus::Insync);
}

#[tokio::test]
async fn a_wildcard_is_escaped() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let set = alias("*.a.com", TARGET).build().unwrap();
    world.change(&zone, ChangeAction::Create, vec![set]).await.unwrap();
    let list =
        || world.route53().list_resource_record_sets().hosted_zone_id(&zone).start_record_name("\\052.a.com").send();
    let found = list().await.unwrap().resource_record_sets;
    let found = found.into_iter().find(|set| set.name.contains("052")).unwrap();
    assert_eq!(found.name, "\\052.a.com.");
    world.change(&zone, ChangeAction::Delete, vec![found]).await.unwrap();
    world.route53().delete_hosted_zone().id(&zone).send().await.unwrap();
}

#[tokio::test]
async fn a_zone_with_records_cannot_be_deleted() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let set = alias("api.a.com", TARGET).build().unwrap();
    world.change(&zone, ChangeAction::Create, vec![set]).await.unwrap();
    assert_eq!(error_of!(world.route53().delete_hosted_zone().id(&zone).send().await).0, "HostedZoneNotEmpty");
}

#[tokio::test]
async fn caller_references_are_used_once() {
    let world = World::immediate().await;
    world.zone().await;
    let again = world.route53().create_hosted_zone().name("a.com").caller_reference("zone").send().await;
    assert_eq!(error_of!(again).0, "HostedZoneAlreadyExists");

    let check = |path: &str| {
        world.route53().create_health_check().caller_reference("check").health_check_config(config(path)).send()
    };
    let id = check("/").await.unwrap().health_check.unwrap().id;
    assert_eq!(check("/").await.unwrap().health_check.unwrap().id, id);
    assert_eq!(error_of!(check("/other").await).0, "HealthCheckAlreadyExists");
    world.route53().delete_health_check().health_check_id(&id).send().await.unwrap();
    assert_eq!(error_of!(check("/").await).0, "HealthCheckAlreadyExists");
}

#[tokio::test]
async fn a_health_check_update_needs_the_current_version() {
    let world = World::immediate().await;
    let make = world.route53().create_health_check().caller_reference("check").health_check_config(config("/"));
    let check = make.send().await.unwrap().health_check.unwrap();
    let update = || {
        let update = world.route53().update_health_check().health_check_id(&check.id);
        update.health_check_version(check.health_check_version).failure_threshold(5).send()
    };
    update().await.unwrap();
    assert_eq!(error_of!(update().await).0, "HealthCheckVersionMismatch");
}

#[tokio::test]
async fn tags_of_several_health_checks_are_read_at_once() {
    let world = World::immediate().await;
    let make = world.route53().create_health_check().caller_reference("check").health_check_config(config("/"));
    let id = make.send().await.unwrap().health_check.unwrap().id;
    let tag = aws_sdk_route53::types::Tag::builder().key("a").value("b").build();
    let kind = TagResourceType::Healthcheck;
    let change = world.route53().change_tags_for_resource().resource_type(kind.clone()).resource_id(&id).add_tags(tag);
    change.send().await.unwrap();
    let found = world.route53().list_tags_for_resources().resource_type(kind).resource_ids(&id).send().await.unwrap();
    assert_eq!(found.resource_tag_sets[0].tags.as_ref().unwrap()[0].key.as_deref(), Some("a"));
}

#[tokio::test]
async fn the_status_of_a_health_check_is_the_result_of_a_request() {
    let world = World::immediate().await;
    let make = world.route53().create_health_check().caller_reference("check").health_check_config(config("/"));
    let id = make.send().await.unwrap().health_check.unwrap().id;
    let found = world.route53().get_health_check_status().health_check_id(id).send().await.unwrap();
    let status = found.health_check_observations[0].clone().status_report.unwrap().status.unwrap();
    assert!(status.starts_with("Failure"), "{status}");
}

/// A change of one block of a location.
fn block(action: CidrCollectionChangeAction, location: &str, cidr: &str) -> CidrCollectionChange {
    CidrCollectionChange::builder().location_name(location).action(action).cidr_list(cidr).build().unwrap()
}

#[tokio::test]
async fn a_cidr_collection_is_deleted_only_when_it_is_empty_and_unused() {
    const PUT: CidrCollectionChangeAction = CidrCollectionChangeAction::Put;
    const DELETE: CidrCollectionChangeAction = CidrCollectionChangeAction::DeleteIfExists;
    let world = World::immediate().await;
    let (zone, client) = (world.zone().await, world.route53());
    let create = |reference: &str| client.create_cidr_collection().name("clients").caller_reference(reference).send();
    let id = create("one").await.unwrap().collection.unwrap().id.unwrap();
    assert_eq!(create("one").await.unwrap().collection.unwrap().id.unwrap(), id);
    assert_eq!(error_of!(create("two").await).0, "CidrCollectionAlreadyExistsException");

    let change =
        |changes: Vec<CidrCollectionChange>| client.change_cidr_collection().id(&id).set_changes(Some(changes)).send();
    change(vec![block(PUT, "east", "203.0.113.0/24"), block(PUT, "west", "2001:db8::/32")]).await.unwrap();
    let taken = change(vec![block(PUT, "west", "203.0.113.0/24")]).await;
    assert_eq!(error_of!(taken).0, "CidrBlockInUseException");
    assert_eq!(error_of!(change(vec![block(PUT, "east", "10.0.0.0/25")]).await).0, "InvalidInput");
    let blocks = client.list_cidr_blocks().collection_id(&id).send().await.unwrap().cidr_blocks.unwrap();
    assert_eq!(blocks.len(), 2);

    let by_ip = |location: &str, collection: &str| {
        let config = CidrRoutingConfig::builder().collection_id(collection).location_name(location).build().unwrap();
        vec![alias("api.a.com", TARGET).set_identifier(location).cidr_routing_config(config).build().unwrap()]
    };
    for (location, collection) in [("north", id.as_str()), ("east", "00000000-0000-0000-0000-000000000000")] {
        let refused = world.change(&zone, ChangeAction::Create, by_ip(location, collection)).await;
        assert_eq!(error_of!(refused).0, "InvalidChangeBatch");
    }
    for location in ["east", "*"] {
        world.change(&zone, ChangeAction::Create, by_ip(location, &id)).await.unwrap();
    }
    assert_eq!(error_of!(change(vec![block(DELETE, "east", "203.0.113.0/24")]).await).0, "CidrBlockInUseException");
    change(vec![block(DELETE, "west", "2001:db8::/32")]).await.unwrap();
    let delete = || client.delete_cidr_collection().id(&id).send();
    assert_eq!(error_of!(delete().await).0, "CidrCollectionInUseException");
    for location in ["east", "*"] {
        world.change(&zone, ChangeAction::Delete, by_ip(location, &id)).await.unwrap();
    }
    assert_eq!(error_of!(delete().await).0, "CidrCollectionInUseException");
    change(vec![block(DELETE, "east", "203.0.113.0/24")]).await.unwrap();
    delete().await.unwrap();
    assert_eq!(error_of!(delete().await).0, "NoSuchCidrCollectionException");
}

#[tokio::test]
async fn invalid_locations_are_rejected() {
    let world = World::immediate().await;
    let zone = world.zone().await;
    let near = |set: &str, bias: i32| {
        let location = GeoProximityLocation::builder().aws_region("us-east-1").bias(bias).build();
        vec![alias("near.a.com", TARGET).set_identifier(set).geo_proximity_location(location).build().unwrap()]
    };
    assert_eq!(error_of!(world.change(&zone, ChangeAction::Create, near("one", 100)).await).0, "InvalidInput");
    world.change(&zone, ChangeAction::Create, near("one", -99)).await.unwrap();
    let same = world.change(&zone, ChangeAction::Create, near("two", 0)).await;
    assert_eq!(error_of!(same).0, "InvalidChangeBatch");
    let geo = |set: &str, country: &str| {
        let location = GeoLocation::builder().country_code(country).build();
        vec![alias("geo.a.com", TARGET).set_identifier(set).geo_location(location).build().unwrap()]
    };
    world.change(&zone, ChangeAction::Create, geo("one", "DE")).await.unwrap();
    for (set, country) in [("two", "DE"), ("two", "UK")] {
        let refused = world.change(&zone, ChangeAction::Create, geo(set, country)).await;
        assert_eq!(error_of!(refused).0, "InvalidChangeBatch");
    }
}

#[tokio::test]
async fn the_status_of_a_health_check_follows_its_children_and_its_alarm() {
    let world = World::immediate().await;
    let client = world.route53();
    let create = async |reference: &str, config: HealthCheckConfig| {
        client.create_health_check().caller_reference(reference).health_check_config(config).send().await
    };
    let two = [HealthCheckRegion::UsEast1, HealthCheckRegion::EuWest1];
    let few = HealthCheckConfig::builder().r#type(HealthCheckType::Https).fully_qualified_domain_name("a.com");
    let few = few.set_regions(Some(two.to_vec())).build().unwrap();
    assert_eq!(error_of!(create("few", few).await).0, "InvalidInput");

    let alarm = aws_sdk_route53::types::AlarmIdentifier::builder().name("errors").region("us-west-2".into());
    let alarm = HealthCheckConfig::builder()
        .r#type(HealthCheckType::CloudwatchMetric)
        .alarm_identifier(alarm.build().unwrap())
        .insufficient_data_health_status("LastKnownStatus".into());
    let alarm = create("alarm", alarm.build().unwrap()).await.unwrap().health_check.unwrap().id;
    let over = |child: &str, inverted: bool| {
        HealthCheckConfig::builder()
            .r#type(HealthCheckType::Calculated)
            .health_threshold(1)
            .child_health_checks(child)
            .inverted(inverted)
            .build()
            .unwrap()
    };
    assert_eq!(error_of!(create("none", over("00000000-0000-0000-0000-000000000000", false)).await).0, "InvalidInput");
    let parent = create("parent", over(&alarm, false)).await.unwrap().health_check.unwrap().id;
    let inverted = create("inverted", over(&alarm, true)).await.unwrap().health_check.unwrap().id;
    let status = async |id: &str| {
        let found = client.get_health_check_status().health_check_id(id).send().await.unwrap();
        found.health_check_observations[0].clone().status_report.unwrap().status.unwrap().starts_with("Success")
    };
    for (state, healthy) in
        [("OK", true), ("ALARM", false), ("INSUFFICIENT_DATA", false), ("OK", true), ("INSUFFICIENT_DATA", true)]
    {
        world.aws.set_alarm("us-west-2", "errors", state);
        assert_eq!(status(&alarm).await, healthy, "{state}");
        assert_eq!((status(&parent).await, status(&inverted).await), (healthy, !healthy), "{state}");
    }
}
