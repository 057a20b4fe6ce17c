//! The table of all calls: each goes to its own file.

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};

use super::answer::{Answered, answer};
use super::protocol::provider_server::Provider;
use super::protocol::*;
use super::server::Server;
use super::{
    actions, apply, data_source, ephemeral, functions, generate, identity, import, list, move_state, plan, provider,
    read, schema, state_store, upgrade, validate,
};

/// A stream of one message.
pub(super) type Once<T> = tokio_stream::Once<Result<T, Status>>;

/// A response of one message as a stream of one.
pub(super) fn once<T>(response: Response<T>) -> Response<Once<T>> {
    response.map(|message| tokio_stream::once(Ok(message)))
}

#[tonic::async_trait]
impl Provider for Server {
    type ListResourceStream = Once<list_resource::Event>;
    type InvokeActionStream = Once<invoke_action::Event>;
    type ReadStateBytesStream = Once<read_state_bytes::ResponseChunk>;

    async fn get_metadata(self: Arc<Self>, _: Request<get_metadata::Request>) -> Answered<get_metadata::Response> {
        answer("GetMetadata", schema::metadata()).await
    }

    async fn get_provider_schema(
        self: Arc<Self>,
        _: Request<get_provider_schema::Request>,
    ) -> Answered<get_provider_schema::Response> {
        answer("GetProviderSchema", schema::provider_schema()).await
    }

    async fn get_resource_identity_schemas(
        self: Arc<Self>,
        _: Request<get_resource_identity_schemas::Request>,
    ) -> Answered<get_resource_identity_schemas::Response> {
        answer("GetResourceIdentitySchemas", schema::identity_schemas()).await
    }

    async fn validate_provider_config(
        self: Arc<Self>,
        request: Request<validate_provider_config::Request>,
    ) -> Answered<validate_provider_config::Response> {
        answer("ValidateProviderConfig", provider::validate(request.into_inner())).await
    }

    async fn validate_resource_config(
        self: Arc<Self>,
        request: Request<validate_resource_config::Request>,
    ) -> Answered<validate_resource_config::Response> {
        answer("ValidateResourceConfig", validate::validate(request.into_inner())).await
    }

    async fn validate_data_resource_config(
        self: Arc<Self>,
        request: Request<validate_data_resource_config::Request>,
    ) -> Answered<validate_data_resource_config::Response> {
        data_source::validate(request.into_inner()).await
    }

    async fn upgrade_resource_state(
        self: Arc<Self>,
        request: Request<upgrade_resource_state::Request>,
    ) -> Answered<upgrade_resource_state::Response> {
        answer("UpgradeResourceState", upgrade::upgrade(request.into_inner())).await
    }

    async fn upgrade_resource_identity(
        self: Arc<Self>,
        request: Request<upgrade_resource_identity::Request>,
    ) -> Answered<upgrade_resource_identity::Response> {
        answer("UpgradeResourceIdentity", identity::refuse(request.into_inner())).await
    }

    async fn configure_provider(
        self: Arc<Self>,
        request: Request<configure_provider::Request>,
    ) -> Answered<configure_provider::Response> {
        answer("ConfigureProvider", provider::configure(self, request.into_inner())).await
    }

    async fn read_resource(
        self: Arc<Self>,
        request: Request<read_resource::Request>,
    ) -> Answered<read_resource::Response> {
        read::answer(self, request.into_inner()).await
    }

    async fn plan_resource_change(
        self: Arc<Self>,
        request: Request<plan_resource_change::Request>,
    ) -> Answered<plan_resource_change::Response> {
        answer("PlanResourceChange", plan::plan(self, request.into_inner())).await
    }

    async fn apply_resource_change(
        self: Arc<Self>,
        request: Request<apply_resource_change::Request>,
    ) -> Answered<apply_resource_change::Response> {
        apply::answer(self, request.into_inner()).await
    }

    async fn import_resource_state(
        self: Arc<Self>,
        request: Request<import_resource_state::Request>,
    ) -> Answered<import_resource_state::Response> {
        answer("ImportResourceState", import::import(self, request.into_inner())).await
    }

    async fn move_resource_state(
        self: Arc<Self>,
        request: Request<move_resource_state::Request>,
    ) -> Answered<move_resource_state::Response> {
        answer("MoveResourceState", move_state::refuse(request.into_inner())).await
    }

    async fn read_data_source(
        self: Arc<Self>,
        request: Request<read_data_source::Request>,
    ) -> Answered<read_data_source::Response> {
        data_source::read(request.into_inner()).await
    }

    async fn generate_resource_config(
        self: Arc<Self>,
        request: Request<generate_resource_config::Request>,
    ) -> Answered<generate_resource_config::Response> {
        answer("GenerateResourceConfig", generate::generate(request.into_inner())).await
    }

    async fn validate_ephemeral_resource_config(
        self: Arc<Self>,
        request: Request<validate_ephemeral_resource_config::Request>,
    ) -> Answered<validate_ephemeral_resource_config::Response> {
        ephemeral::validate(request.into_inner()).await
    }

    async fn open_ephemeral_resource(
        self: Arc<Self>,
        request: Request<open_ephemeral_resource::Request>,
    ) -> Answered<open_ephemeral_resource::Response> {
        ephemeral::open(request.into_inner()).await
    }

    async fn renew_ephemeral_resource(
        self: Arc<Self>,
        request: Request<renew_ephemeral_resource::Request>,
    ) -> Answered<renew_ephemeral_resource::Response> {
        ephemeral::renew(request.into_inner()).await
    }

    async fn close_ephemeral_resource(
        self: Arc<Self>,
        request: Request<close_ephemeral_resource::Request>,
    ) -> Answered<close_ephemeral_resource::Response> {
        ephemeral::close(request.into_inner()).await
    }

    async fn list_resource(
        self: Arc<Self>,
        request: Request<list_resource::Request>,
    ) -> Answered<Once<list_resource::Event>> {
        list::list(request.into_inner()).await
    }

    async fn validate_list_resource_config(
        self: Arc<Self>,
        request: Request<validate_list_resource_config::Request>,
    ) -> Answered<validate_list_resource_config::Response> {
        list::validate(request.into_inner()).await
    }

    async fn get_functions(self: Arc<Self>, _: Request<get_functions::Request>) -> Answered<get_functions::Response> {
        answer("GetFunctions", functions::functions()).await
    }

    async fn call_function(
        self: Arc<Self>,
        request: Request<call_function::Request>,
    ) -> Answered<call_function::Response> {
        Ok(Response::new(functions::call(request.get_ref())))
    }

    async fn validate_action_config(
        self: Arc<Self>,
        request: Request<validate_action_config::Request>,
    ) -> Answered<validate_action_config::Response> {
        actions::validate(request.into_inner()).await
    }

    async fn plan_action(self: Arc<Self>, request: Request<plan_action::Request>) -> Answered<plan_action::Response> {
        actions::plan(request.into_inner()).await
    }

    async fn invoke_action(
        self: Arc<Self>,
        request: Request<invoke_action::Request>,
    ) -> Answered<Once<invoke_action::Event>> {
        actions::invoke(request.into_inner()).await
    }

    async fn validate_state_store_config(
        self: Arc<Self>,
        request: Request<validate_state_store_config::Request>,
    ) -> Answered<validate_state_store_config::Response> {
        state_store::validate(request.into_inner()).await
    }

    async fn configure_state_store(
        self: Arc<Self>,
        request: Request<configure_state_store::Request>,
    ) -> Answered<configure_state_store::Response> {
        state_store::configure(request.into_inner()).await
    }

    async fn read_state_bytes(
        self: Arc<Self>,
        request: Request<read_state_bytes::Request>,
    ) -> Answered<Once<read_state_bytes::ResponseChunk>> {
        state_store::read(request.into_inner()).await
    }

    async fn write_state_bytes(
        self: Arc<Self>,
        request: Request<Streaming<write_state_bytes::RequestChunk>>,
    ) -> Answered<write_state_bytes::Response> {
        state_store::write(request.into_inner()).await
    }

    async fn lock_state(self: Arc<Self>, request: Request<lock_state::Request>) -> Answered<lock_state::Response> {
        state_store::lock(request.into_inner()).await
    }

    async fn unlock_state(
        self: Arc<Self>,
        request: Request<unlock_state::Request>,
    ) -> Answered<unlock_state::Response> {
        state_store::unlock(request.into_inner()).await
    }

    async fn get_states(self: Arc<Self>, request: Request<get_states::Request>) -> Answered<get_states::Response> {
        state_store::states(request.into_inner()).await
    }

    async fn delete_state(
        self: Arc<Self>,
        request: Request<delete_state::Request>,
    ) -> Answered<delete_state::Response> {
        state_store::delete(request.into_inner()).await
    }

    async fn stop_provider(self: Arc<Self>, _: Request<stop_provider::Request>) -> Answered<stop_provider::Response> {
        Ok(Response::new(provider::stop(&self)))
    }
}
