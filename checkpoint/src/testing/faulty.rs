//! An object store whose n-th operation fails, or is the last one.
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, future, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What becomes of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with nothing done.
    Fail,
    /// It is done, but said to have failed.
    Late,
    /// It fails with nothing done, and so do all that follow: the process has died before it.
    Off,
    /// It is done, but said to have failed, and all that follow fail with nothing done: the process has died after it.
    LateOff,
}

/// The store. All clones count together.
#[derive(Clone, Debug)]
pub struct Faulty {
    objects: Arc<dyn ObjectStore>,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    at: u64,
    fault: Fault,
    done: AtomicU64,
}

/// What is to be done about an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Go,
    Fail,
    Late,
}

impl Faulty {
    /// Operation `at` (the first is 0) has this fault. Each upload, read, listing and removal of an object is one.
    pub fn new(objects: Arc<dyn ObjectStore>, at: u64, fault: Fault) -> Self {
        Self { objects, plan: Arc::new(Plan { at, fault, done: AtomicU64::new(0) }) }
    }
    /// Whether the fault has happened. A test without it has tested nothing.
    pub fn injected(&self) -> bool {
        self.operations() > self.plan.at
    }
    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        self.plan.done.load(Ordering::SeqCst)
    }

    async fn whole<T>(&self, operation: impl Future<Output = Result<T>>) -> Result<T> {
        match self.plan.next() {
            Verdict::Go => operation.await,
            Verdict::Fail => Err(injected()),
            Verdict::Late => operation.await.and_then(|_| Err(injected())),
        }
    }
}

impl Plan {
    fn next(&self) -> Verdict {
        let n = self.done.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            Fault::Off | Fault::LateOff if n > self.at => Verdict::Fail,
            Fault::Fail | Fault::Off if n == self.at => Verdict::Fail,
            Fault::Late | Fault::LateOff if n == self.at => Verdict::Late,
            _ => Verdict::Go,
        }
    }
}

fn injected() -> Error {
    Error::Generic { store: "Faulty", source: "injected".into() }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({})", self.objects)
    }
}

#[async_trait::async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.whole(self.objects.put_opts(location, payload, options)).await
    }
    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.whole(self.objects.put_multipart_opts(location, options)).await
    }
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.whole(self.objects.get_opts(location, options)).await
    }
    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        let delete = move |path: Result<Path>| {
            let this = this.clone();
            async move {
                let path = path?;
                this.whole(this.objects.delete(&path)).await?;
                Ok(path)
            }
        };
        locations.then(delete).boxed()
    }
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.objects.list(prefix);
        match self.plan.next() {
            Verdict::Go => listed,
            _ => stream::once(future::ready(Err(injected()))).boxed(),
        }
    }
    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.whole(self.objects.list_with_delimiter(prefix)).await
    }
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.whole(self.objects.copy_opts(from, to, options)).await
    }
}
