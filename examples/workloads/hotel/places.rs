//! Where the hotels are: distances on a sphere, the nearest ones and the best ones.

use super::entities::By;
use serde::{Deserialize, Serialize};

const EARTH_KM: f64 = 6_371.0;
const NEAR_KM: f64 = 10.0;
const NEAREST: usize = 5;

/// In degrees.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Point {
    pub latitude: f64,
    pub longitude: f64,
}

impl Point {
    fn km_to(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (up, across) = (b - a, (other.longitude - self.longitude).to_radians());
        let half = (up / 2.0).sin().powi(2) + a.cos() * b.cos() * (across / 2.0).sin().powi(2);
        2.0 * EARTH_KM * half.sqrt().asin()
    }
}

/// A hotel on the map.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    pub hotel: u64,
    pub at: Point,
    /// What a room costs at the counter.
    pub cents: i64,
    /// What the best room costs.
    pub price: i64,
}

impl Place {
    /// Hotels stand in a line from San Francisco to the north-east, as in DeathStarBench.
    pub fn of(hotel: u64) -> Self {
        let step = hotel as f64 / 500.0;
        let at = Point { latitude: 37.7835 + 3.0 * step, longitude: -122.41 + 4.0 * step };
        let (cents, price) = match hotel % 5 {
            1 => (12_000, 14_000),
            2 => (12_400, 14_400),
            3 => (13_200, 15_800),
            4 => (23_200, 25_800),
            _ => (10_900, 12_317),
        };
        Self { hotel, at, cents, price }
    }
}

/// The nearest five within ten kilometres, nearest first.
pub fn nearby(places: &[Place], from: Point) -> Vec<u64> {
    let mut near: Vec<(f64, u64)> =
        places.iter().map(|p| (from.km_to(p.at), p.hotel)).filter(|(km, _)| *km <= NEAR_KM).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    near.into_iter().take(NEAREST).map(|(_, hotel)| hotel).collect()
}

/// All places that none is better than.
pub fn best(places: &[Place], by: By, from: Point) -> Vec<u64> {
    let measure = |place: &Place| match by {
        By::Distance => from.km_to(place.at),
        By::Rate => -(place.cents as f64),
        By::Price => place.price as f64,
    };
    let least = places.iter().map(measure).fold(f64::INFINITY, f64::min);
    places.iter().filter(|place| measure(place) == least).map(|place| place.hotel).collect()
}
