//! The table of all calls: each with the function that handles it.

use std::sync::Arc;

use tonic::{Request, Streaming};

use super::answer::{RpcResult, RpcStream, respond, respond_with_stream};
use super::protocol::provider_server::Provider;
use super::protocol::*;
use super::server::Server;
use super::{apply, data_source, function, import, plan, provider, read, schema, unsupported, upgrade, validate};

/// Implements the service. A handler takes the server and the request, and returns the response or diagnostics, to which
/// `or` adds the rest of the response. A streaming handler also takes the sender of its messages.
macro_rules! service {
    (
        unary { $($call:ident $rpc:literal => $handler:path $(, or $otherwise:path)?;)* }
        client_streaming { $($upload:ident $upload_rpc:literal $chunk:ty => $upload_handler:path;)* }
        server_streaming { $($list:ident $list_rpc:literal $stream:ident $item:ty => $list_handler:path;)* }
    ) => {
        #[tonic::async_trait]
        impl Provider for Server {
            $(async fn $call(self: Arc<Self>, request: Request<$call::Request>) -> RpcResult<$call::Response> {
                let request = request.into_inner();
                let otherwise = service!(@otherwise request $(, $otherwise)?);
                respond($rpc, otherwise, $handler(self, request)).await
            })*

            $(async fn $upload(self: Arc<Self>, request: Request<Streaming<$chunk>>) -> RpcResult<$upload::Response> {
                respond($upload_rpc, Default::default(), $upload_handler(self, request.into_inner())).await
            })*

            $(type $stream = RpcStream<$item>;

            async fn $list(self: Arc<Self>, request: Request<$list::Request>) -> RpcResult<Self::$stream> {
                respond_with_stream($list_rpc, |sender| $list_handler(self, request.into_inner(), sender))
            })*
        }
    };
    (@otherwise $request:ident) => { Default::default() };
    (@otherwise $request:ident, $otherwise:path) => { $otherwise(&$request) };
}

service! {
    unary {
        get_metadata "GetMetadata" => schema::metadata;
        get_provider_schema "GetProviderSchema" => schema::provider_schema;
        get_resource_identity_schemas "GetResourceIdentitySchemas" => schema::identity_schemas;
        validate_provider_config "ValidateProviderConfig" => provider::validate;
        configure_provider "ConfigureProvider" => provider::configure;
        stop_provider "StopProvider" => provider::stop;

        validate_resource_config "ValidateResourceConfig" => validate::validate;
        upgrade_resource_state "UpgradeResourceState" => upgrade::upgrade;
        upgrade_resource_identity "UpgradeResourceIdentity" => unsupported::upgrade_resource_identity;
        read_resource "ReadResource" => read::read, or read::unchanged;
        plan_resource_change "PlanResourceChange" => plan::plan;
        apply_resource_change "ApplyResourceChange" => apply::apply, or apply::unchanged;
        import_resource_state "ImportResourceState" => import::import;
        move_resource_state "MoveResourceState" => unsupported::move_resource_state;
        generate_resource_config "GenerateResourceConfig" => unsupported::generate_resource_config;

        validate_data_resource_config "ValidateDataResourceConfig" => data_source::validate;
        read_data_source "ReadDataSource" => data_source::read;

        get_functions "GetFunctions" => function::all;
        call_function "CallFunction" => function::call;

        validate_ephemeral_resource_config "ValidateEphemeralResourceConfig" => unsupported::validate_ephemeral_resource_config;
        open_ephemeral_resource "OpenEphemeralResource" => unsupported::open_ephemeral_resource;
        renew_ephemeral_resource "RenewEphemeralResource" => unsupported::renew_ephemeral_resource;
        close_ephemeral_resource "CloseEphemeralResource" => unsupported::close_ephemeral_resource;

        validate_list_resource_config "ValidateListResourceConfig" => unsupported::validate_list_resource_config;

        validate_action_config "ValidateActionConfig" => unsupported::validate_action_config;
        plan_action "PlanAction" => unsupported::plan_action;

        validate_state_store_config "ValidateStateStoreConfig" => unsupported::validate_state_store_config;
        configure_state_store "ConfigureStateStore" => unsupported::configure_state_store;
        lock_state "LockState" => unsupported::lock_state;
        unlock_state "UnlockState" => unsupported::unlock_state;
        get_states "GetStates" => unsupported::get_states;
        delete_state "DeleteState" => unsupported::delete_state;
    }
    client_streaming {
        write_state_bytes "WriteStateBytes" write_state_bytes::RequestChunk => unsupported::write_state_bytes;
    }
    server_streaming {
        list_resource "ListResource" ListResourceStream list_resource::Event => unsupported::list_resource;
        invoke_action "InvokeAction" InvokeActionStream invoke_action::Event => unsupported::invoke_action;
        read_state_bytes "ReadStateBytes" ReadStateBytesStream read_state_bytes::ResponseChunk
            => unsupported::read_state_bytes;
    }
}
