//! Movie reviews of DeathStarBench: every request composes one review of four parts, looked up side by side.

mod entities;

use crate::answers::{Answers, ask, same, send};
use crate::draw::Draw;
use crate::workload::{Pending, Workload};
use entities::{ComposeReview, Frontend, Movie, Parts, Subject, User};
use std::collections::BTreeSet;
use thalweg::Error;
use thalweg::prelude::*;

pub const TITLES: u64 = 1_000;
const TEXT: usize = 256;
/// Every tenth title is not in the catalogue, so that both ways of a review are taken.
const NOT_LISTED: u64 = 10;

/// Reviews are asked for in so many at once when they are checked, to bound the memory their texts take.
const CHECKED_AT_ONCE: u64 = 10_000;

pub struct Reviews {
    seed: u64,
    /// As many users as titles.
    titles: u64,
    /// Requests so far; each can be drawn again from its number.
    requests: u64,
    answers: Answers,
}

struct Request {
    user: u64,
    title: u64,
    stars: u8,
    text: String,
}

impl Reviews {
    pub fn new(titles: u64, seed: u64) -> Self {
        Self { seed, titles: titles.max(1), requests: 0, answers: Answers::default() }
    }

    fn request(&self, number: u64) -> Request {
        let mut draw = Draw::of_request(self.seed, number);
        Request {
            user: draw.below(self.titles),
            title: draw.below(self.titles),
            stars: 1 + draw.below(10) as u8,
            text: draw.letters(TEXT),
        }
    }

    /// The review of a request must be complete and composed once; returns its id.
    fn check_review(&self, number: u64, found: Parts) -> thalweg::Result<String> {
        let Request { user, title, stars, text } = self.request(number);
        let subject = if listed(title) { Subject::Movie(title) } else { Subject::Rating(stars) };
        let id = found.id.ok_or_else(|| format!("review {number} has no id"))?;
        let right =
            Parts { id: Some(id), user: Some(user), subject: Some(subject), text: Some(text), uploads: 4 };
        same(|| format!("review {number}"), found, right)?;
        Ok(id.to_string())
    }
}

fn listed(title: u64) -> bool {
    title % NOT_LISTED != NOT_LISTED - 1
}

fn movie(title: u64) -> Ref<Movie> {
    Movie::at(format!("title_{title}"))
}

fn name(user: u64) -> String {
    format!("user_{user}")
}

impl Workload for Reviews {
    fn name(&self) -> &'static str {
        "movie"
    }

    fn register(&self, app: App) -> App {
        app.entity::<Frontend>()
    }

    fn load(&mut self, app: &Handle) -> thalweg::Result<Vec<Pending>> {
        let mut all = send(0..self.titles, |id| app.submit_waiting(User::at(name(*id)).sign_up(*id)))?;
        let titles = (0..self.titles).filter(|id| listed(*id));
        all.extend(send(titles, |id| app.submit_waiting(movie(*id).add(*id)))?);
        Ok(all)
    }

    fn next(&mut self, app: &Handle) -> Result<Pending, Error> {
        let number = self.requests;
        let Request { user, title, stars, text } = self.request(number);
        let compose = Frontend::at(number).compose(User::at(name(user)), movie(title), stars, text);
        let reply = app.submit_waiting(compose)?;
        self.requests += 1;
        Ok(self.answers.expect(reply, ("compose", number), ()))
    }

    fn check(&self, app: &Handle) -> thalweg::Result<()> {
        self.answers.check()?;
        let mut ids = BTreeSet::new();
        let mut from = 0;
        while from < self.requests {
            let to = self.requests.min(from + CHECKED_AT_ONCE);
            for (number, parts) in
                ask(from..to, |number| app.submit_waiting(ComposeReview::at(*number).parts()))?
            {
                ids.insert(self.check_review(number, parts)?);
            }
            from = to;
        }
        same(|| "different ids of reviews".to_owned(), ids.len() as u64, self.requests)
    }
}
