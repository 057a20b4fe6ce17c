//! The upload of a function's code, which is in memory only during the upload.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::client::customize::CustomizableOperation;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::FunctionCode;
use tokio::sync::SemaphorePermit;

use super::{Code, Spec};
use crate::aws::{CallError, Regional};
use crate::desired::{Input, PackageSource};
use crate::package;

/// The timeout of an upload: the largest package takes that long at 1 Mbit/s.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);

/// Code that is ready for the upload, with a permit for the memory that it takes.
pub(super) struct Upload<'a> {
    code: FunctionCode,
    _memory: Option<SemaphorePermit<'a>>,
}

impl std::ops::Deref for Upload<'_> {
    type Target = FunctionCode;

    fn deref(&self) -> &FunctionCode {
        &self.code
    }
}

/// Loads the code of `spec`, whose inputs are all known.
///
/// # Errors
/// [`CallError::Local`] when the package cannot be read, or differs from the planned one.
pub(super) async fn load<'a>(aws: &'a Regional, spec: &Spec) -> Result<Upload<'a>, CallError> {
    let code = FunctionCode::builder();
    let code = match &spec.code {
        Code::S3 { bucket, key, version } => code
            .s3_bucket(bucket.get())
            .s3_key(key.get())
            .set_s3_object_version(version.as_ref().map(|version| version.get().clone())),
        Code::Image { uri } => code.image_uri(uri.get()),
        Code::Package { sha256 } => return package(aws, spec.source.as_ref(), sha256).await,
    };
    Ok(Upload { code: code.build(), _memory: None })
}

/// The request with a longer timeout than other calls.
pub(super) fn patiently<T, E, B>(request: CustomizableOperation<T, E, B>) -> CustomizableOperation<T, E, B> {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(UPLOAD_TIMEOUT).build();
    request.config_override(aws_sdk_lambda::Config::builder().timeout_config(timeouts))
}

async fn package<'a>(
    aws: &'a Regional,
    source: Option<&PackageSource>,
    sha256: &Input<String>,
) -> Result<Upload<'a>, CallError> {
    let Some(source) = source.cloned() else {
        return Err(CallError::Malformed("the source of the function's package is missing".to_owned()));
    };
    let what = match &source {
        PackageSource::Directory { path, .. } | PackageSource::File { path } => path.clone(),
    };
    let sha256 = sha256.get().clone();
    let zip = blocking(&what, move || package::open(&source, &sha256)).await?;
    let memory = aws.reserve_upload(zip.package().zipped_bytes).await?;
    let bytes = blocking(&what, move || zip.bytes()).await?;
    Ok(Upload { code: FunctionCode::builder().zip_file(Blob::new(bytes)).build(), _memory: memory })
}

/// Reads files on a thread that may block.
async fn blocking<T, E>(what: &str, read: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, CallError>
where
    T: Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let local = |source: Arc<dyn std::error::Error + Send + Sync>| CallError::Local { what: what.to_owned(), source };
    match tokio::task::spawn_blocking(read).await {
        Ok(answer) => answer.map_err(|error| local(Arc::new(error))),
        Err(error) => Err(local(Arc::new(error))),
    }
}
