//! Every model in the folder makes a post that works, and a wrong one is refused by the name of what is wrong.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use gengwei_agent::settings::Settings;
use gengwei_firmware_configs::{Model, folder};

fn files() -> Vec<std::path::PathBuf> {
    let entries = folder().read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|e| e == "toml") && !path.ends_with("Cargo.toml"))
        .collect()
}

#[test]
fn every_model_is_right() {
    let files = files();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let model = Model::read(&file).unwrap_or_else(|wrong| panic!("{wrong}"));
        let settings = Settings::from(model.settings);
        // What is built in can come down as a config of proto and gives the same.
        let mut config = settings.whole();
        config.version = 7;
        assert_eq!(settings.amended(&config), Ok(Settings { version: 7, ..settings }));
        assert!(model.flash_kib <= 64 && model.ram_kib <= 16, "a post is small");
        assert!(gengwei_proto::wire::SuiteId::from_number(model.suite.id() as u8).is_ok());
    }
}

#[test]
fn a_wrong_model_is_refused_by_what_is_wrong() {
    let right = std::fs::read_to_string(folder().join("stm32l4-nbiot.toml")).unwrap();
    for (from, to, says) in [
        ("tilt_degrees = 15", "tilt_degrees = 91", "tilt_degrees"),
        ("vibration_mg = 256", "vibration_mg = 2560", "vibration_mg"),
        ("tilt_degrees = 15", "", "tilt_degrees"),
        ("tilt_degrees = 15", "tilt_degrees = 15\nlean = 3", "lean"),
        ("pin = \"C13\"", "pin = \"C16\"", "no pin"),
        ("suite = \"sm4-ccm\"", "suite = \"rot13\"", "suite"),
        ("address = 0x19", "address = 0x1a", "address"),
        ("upright = [0, 0, 1000]", "upright = [0, 0, 100]", "upright"),
        ("routine_kib = 944", "routine_kib = 943", "journal"),
        ("server = \"203.0.113.10:5683\"", "server = \"example.org:5683\"", "server"),
        ("apn = \"cmnbiot\"", "apn = \"a\\\"b\"", "apn"),
        ("target = \"thumbv7em-none-eabi\"", "target = \"thumbv6m-none-eabi\"", "target"),
        ("low_battery_mv = 3200", "low_battery_mv = 6600", "battery"),
    ] {
        assert!(right.contains(from), "{from}");
        let wrong = Model::parse(&right.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(wrong.contains(says), "{to}: {wrong}");
    }
}
