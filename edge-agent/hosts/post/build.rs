//! Turns the model named by `GENGWEI_BOARD` into constants and a memory map.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use gengwei_firmware_configs::{Chip, Model, Pin, Suite, folder};

fn main() {
    let board = env::var("GENGWEI_BOARD").expect("GENGWEI_BOARD names the model: see scripts/post.sh");
    let model = Model::named(&board).unwrap_or_else(|wrong| panic!("{wrong}"));
    println!("cargo::rerun-if-env-changed=GENGWEI_BOARD");
    println!("cargo::rerun-if-changed={}", folder().display());
    for (feature, is_wanted) in [
        ("LM3S6965", model.chip == Chip::Lm3s6965),
        ("STM32L476", model.chip == Chip::Stm32l476),
        ("SM4_CCM", model.suite == Suite::Sm4Ccm),
        ("AES_CCM", model.suite == Suite::AesCcm),
        ("CHACHA20_POLY1305", model.suite == Suite::Chacha20Poly1305),
    ] {
        let is_on = env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
        assert_eq!(is_on, is_wanted, "the feature {feature} does not agree with the model");
    }

    println!("cargo::rustc-check-cfg=cfg(accelerometer)");
    if model.sensors.accelerometer.is_some() {
        println!("cargo::rustc-cfg=accelerometer");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where"));
    fs::write(out.join("memory.x"), memory(&model)).expect("written");
    // All interrupts have one handler, so none has a weak name to declare.
    fs::write(out.join("device.x"), "").expect("written");
    fs::write(out.join("model.rs"), constants(&model)).expect("written");
    println!("cargo::rustc-link-search={}", out.display());
}

/// What the linker may use. Where enrolment writes lies beyond.
fn memory(model: &Model) -> String {
    let flash = match model.chip {
        Chip::Lm3s6965 => 0,
        Chip::Stm32l476 => 0x0800_0000,
    };
    let end = (flash + model.flash_kib * 1024).min(model.identity_at);
    format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = {flash:#x}, LENGTH = {:#x}\n  RAM : ORIGIN = 0x20000000, LENGTH = {}K\n}}\n",
        end - flash,
        model.ram_kib
    )
}

fn constants(model: &Model) -> String {
    let (modem, sensors, journal) = (&model.modem, &model.sensors, model.journal);
    let numbers = journal.numbers_kib * 1024;
    let urgent = numbers + journal.urgent_kib * 1024;
    let end = urgent + journal.routine_kib * 1024;
    let input = |input: Option<gengwei_firmware_configs::Input>| {
        input.map_or("None".to_owned(), |input| {
            format!("Some(Input {{ pin: {}, active_low: {} }})", pin(input.pin), input.active_low)
        })
    };
    let mut text = String::new();
    let mut constant = |name: &str, kind: &str, value: String| {
        writeln!(text, "pub(crate) const {name}: {kind} = {value};").expect("a string takes all");
    };
    constant("IDENTITY_AT", "u32", model.identity_at.to_string());
    constant("NUMBERS", "core::ops::Range<u32>", format!("0..{numbers}"));
    constant("URGENT", "core::ops::Range<u32>", format!("{numbers}..{urgent}"));
    constant("ROUTINE", "core::ops::Range<u32>", format!("{urgent}..{end}"));
    constant("APN", "&str", format!("{:?}", modem.apn));
    constant("SERVER", "&str", format!("{:?}", format!("{},{}", modem.server.ip(), modem.server.port())));
    constant("ANSWER_MS", "u64", (modem.answer_s * 1000).to_string());
    constant("WAITS", "u8", modem.waits.to_string());
    constant("BUTTON", "Option<Input>", input(sensors.button));
    constant("PIR", "Option<Input>", input(sensors.pir));
    if let Some(chip) = sensors.accelerometer {
        let (address, interrupt, upright) = (chip.address, pin(chip.interrupt), chip.upright);
        let value = format!(
            "Accelerometer {{ address: {address}, interrupt: {interrupt}, upright: Acceleration({upright:?}) }}"
        );
        constant("ACCELEROMETER", "Accelerometer", value);
    }
    constant("BATTERY_CHANNEL", "u8", sensors.battery.channel.to_string());
    constant("BATTERY_FULL_SCALE_MV", "u16", sensors.battery.full_scale_mv.to_string());
    constant("SETTINGS", "Settings", settings(model));
    text
}

fn settings(model: &Model) -> String {
    // Its debug form is its literal.
    format!("Settings {{ version: 0, {}", format!("{:?}", model.settings).trim_start_matches("BuiltIn {"))
}

fn pin(pin: Pin) -> String {
    format!("Pin {{ port: {}, number: {} }}", pin.port, pin.number)
}
