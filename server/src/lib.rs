//! 耕卫 Gengwei: the server for the five levels of farmland protection of a prefecture-level city
//! (卫政办发〔2023〕74号).
//!
//! One folder a domain noun, each with its types and rules (`mod.rs`), its SQL (`sql.rs`) and its routes
//! (`http.rs`). `ARCHITECTURE.md` in the repository has the map and the invariants.

pub mod accounts;
pub mod audit;
pub mod auth;
pub mod body;
pub mod calendar;
pub mod cases;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod db;
pub mod deliveries;
pub mod devices;
pub mod env;
pub mod error;
pub mod evidence;
pub mod exchange;
pub mod extract;
pub mod geo;
pub mod grid;
pub mod imports;
pub mod jobs;
pub mod keys;
pub mod layers;
pub mod notices;
pub mod ogc;
pub mod openapi;
pub mod pages;
pub mod parcels;
pub mod patches;
pub mod patrols;
pub mod policy;
pub mod posts;
pub mod public;
pub mod router;
pub mod serve;
pub mod state;
pub mod sync;
pub mod tasks;
pub mod telemetry;
pub mod tiles;
