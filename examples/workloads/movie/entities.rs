//! A site for film reviews: a front end that has the parts of a review looked up, and the review where they meet.

use serde::{Deserialize, Serialize};
use thalweg::TransactionId;
use thalweg::prelude::*;

/// The film by its number in the catalogue, or the stars alone when the title is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    Movie(u64),
    Rating(u8),
}

/// What has come in of a review so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    pub id: Option<TransactionId>,
    pub user: Option<u64>,
    pub subject: Option<Subject>,
    pub text: Option<String>,
    /// How often a part came in.
    pub uploads: u32,
}

/// A review, under the number of the request that composes it.
#[entity(auto)]
pub struct ComposeReview {
    #[key]
    request: u64,
    parts: Parts,
}

#[entity]
impl ComposeReview {
    pub fn new(request: u64) -> Self {
        Self { request, parts: Parts::default() }
    }

    pub fn parts(&self) -> Parts {
        self.parts.clone()
    }

    pub fn upload_id(&mut self, id: TransactionId) {
        self.parts.id = Some(id);
        self.parts.uploads += 1;
    }

    pub fn upload_user(&mut self, user: u64) {
        self.parts.user = Some(user);
        self.parts.uploads += 1;
    }

    pub fn upload_subject(&mut self, subject: Subject) {
        self.parts.subject = Some(subject);
        self.parts.uploads += 1;
    }

    pub fn upload_text(&mut self, text: String) {
        self.parts.text = Some(text);
        self.parts.uploads += 1;
    }
}

#[entity(auto)]
pub struct UniqueId {
    #[key]
    request: u64,
}

#[entity]
impl UniqueId {
    pub fn new(request: u64) -> Self {
        Self { request }
    }

    pub async fn upload(&self, review: Ref<ComposeReview>) {
        review.upload_id(thalweg::transaction()).await;
    }
}

#[entity]
pub struct User {
    #[key]
    name: String,
    id: u64,
}

#[entity]
impl User {
    pub fn sign_up(name: String, id: u64) -> Self {
        Self { name, id }
    }

    pub async fn upload(&self, review: Ref<ComposeReview>) {
        review.upload_user(self.id).await;
    }
}

#[entity(auto)]
pub struct Movie {
    #[key]
    title: String,
    /// None if the title is not in the catalogue.
    id: Option<u64>,
}

#[entity]
impl Movie {
    pub fn new(title: String) -> Self {
        Self { title, id: None }
    }

    pub fn add(&mut self, id: u64) {
        self.id = Some(id);
    }

    pub async fn upload(&self, review: Ref<ComposeReview>, stars: u8) {
        match self.id {
            Some(id) => review.upload_subject(Subject::Movie(id)).await,
            None => Rating::at(self.title.clone()).upload(review, stars).await,
        }
    }
}

#[entity(auto)]
pub struct Rating {
    #[key]
    title: String,
}

#[entity]
impl Rating {
    pub fn new(title: String) -> Self {
        Self { title }
    }

    pub async fn upload(&self, review: Ref<ComposeReview>, stars: u8) {
        review.upload_subject(Subject::Rating(stars)).await;
    }
}

#[entity(auto)]
pub struct Text {
    #[key]
    request: u64,
}

#[entity]
impl Text {
    pub fn new(request: u64) -> Self {
        Self { request }
    }

    pub async fn upload(&self, review: Ref<ComposeReview>, text: String) {
        review.upload_text(text).await;
    }
}

/// One for each request, which is its key.
#[entity(auto)]
pub struct Frontend {
    #[key]
    request: u64,
}

#[entity]
impl Frontend {
    pub fn new(request: u64) -> Self {
        Self { request }
    }

    pub async fn compose(&self, user: Ref<User>, movie: Ref<Movie>, stars: u8, text: String) {
        let review = ComposeReview::at(self.request);
        join((
            UniqueId::at(self.request).upload(review.clone()),
            user.upload(review.clone()),
            movie.upload(review.clone(), stars),
            Text::at(self.request).upload(review, text),
        ))
        .await;
    }
}
