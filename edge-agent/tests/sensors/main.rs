//! Sensors over mocks of their pins, bus and converter.

mod mocks;

use gengwei_agent::sensors::*;
use gengwei_agent::settings::Settings;
use gengwei_proto::wire::{PostEvent, PostEventKind};
use mocks::{Chip, Line, NoChip, Volts};

const SETTINGS: Settings = Settings {
    version: 0,
    health_period_s: 86_400,
    retry_first_s: 60,
    retry_most_s: 21_600,
    tilt_degrees: 15,
    vibration_mg: 200,
    tamper_mg: 1500,
    debounce_ms: 50,
    motion_pause_s: 600,
    low_battery_mv: 3300,
};
const UPRIGHT: Acceleration = Acceleration([0, 0, 1000]);

fn event(kind: PostEventKind, value: i32) -> Option<PostEvent> {
    Some(PostEvent { kind, value: Some(value) })
}

#[test]
fn a_line_that_bounces_counts_once_it_has_held() {
    let line = Line::default();
    let mut input = Debounced::new(line.clone(), false);
    let mut edges = Vec::new();
    for (now, high) in [(0, false), (10, true), (20, false), (30, true), (79, true), (80, true), (90, true)] {
        line.set(high);
        edges.extend(input.poll(now, 50).unwrap().map(|edge| (now, edge)));
        assert_eq!(input.poll_at(50), (high && now < 80).then_some(if now == 10 { 60 } else { 80 }), "{now}");
    }
    line.set(false);
    edges.extend([100, 149, 150].into_iter().filter_map(|now| Some((now, input.poll(now, 50).unwrap()?))));
    assert_eq!(edges, [(80, Edge::Active), (150, Edge::Idle)]);
}

#[test]
fn what_is_active_from_the_start_does_not_count() {
    let line = Line::default();
    line.set(true);
    let mut input = Debounced::new(line.clone(), false);
    assert!((0..1000).step_by(10).all(|now| input.poll(now, 50).unwrap().is_none()));
    line.set(false);
    assert_eq!((input.poll(1000, 50), input.poll(1050, 50)), (Ok(None), Ok(Some(Edge::Idle))));
    line.set(true);
    assert_eq!((input.poll(2000, 50), input.poll(2050, 50)), (Ok(None), Ok(Some(Edge::Active))));
}

/// Lets time pass in steps of 10 ms with the line as `high` says.
fn play<T>(
    line: &Line,
    until: u64,
    high: impl Fn(u64) -> bool,
    mut poll: impl FnMut(u64) -> Option<T>,
) -> Vec<(u64, T)> {
    let step = |now| {
        line.set(high(now));
        poll(now).map(|event| (now, event))
    };
    (0..until).step_by(10).filter_map(step).collect()
}

#[test]
fn presses_that_belong_together_are_one_event() {
    let line = Line::default();
    let mut button = Button::new(line.clone(), true);
    // Active low: three presses within two seconds, a bounce, one more press much later.
    let pressed = |now: u64| matches!(now, 1000..1200 | 1500..1600 | 2000..2100 | 4000..4030 | 9000..9100);
    let events = play(&line, 12_000, |now| !pressed(now), |now| button.poll(now, &SETTINGS).unwrap());
    let [(first, three), (second, one)] = events[..] else { panic!("{events:?}") };
    assert_eq!((Some(three), Some(one)), (event(PostEventKind::BUTTON, 3), event(PostEventKind::BUTTON, 1)));
    assert!((3040..3100).contains(&first) && (11_040..11_100).contains(&second), "{first} {second}");
}

#[test]
fn a_button_asks_to_be_looked_at_until_its_event_is_out() {
    let line = Line::default();
    let mut button = Button::new(line.clone(), false);
    button.poll(0, &SETTINGS).unwrap();
    assert_eq!(button.poll_at(&SETTINGS), None);
    line.set(true);
    button.poll(5, &SETTINGS).unwrap();
    assert_eq!(button.poll_at(&SETTINGS), Some(55));
    button.poll(55, &SETTINGS).unwrap();
    assert_eq!(button.poll_at(&SETTINGS), Some(2055));
    assert_eq!(button.poll(2055, &SETTINGS).unwrap(), event(PostEventKind::BUTTON, 1));
    assert_eq!(button.poll_at(&SETTINGS), None);
}

#[test]
fn motion_is_told_once_a_pause_and_counted_within() {
    let line = Line::default();
    let mut pir = Pir::new(line.clone(), false);
    // Warmth moves for a second every twenty seconds.
    let events = play(
        &line,
        1_300_000,
        |now| now % 20_000 < 1000 && now >= 20_000,
        |now| pir.poll(now, &SETTINGS).unwrap(),
    );
    let told: Vec<_> = events.iter().map(|(_, event)| event.value.unwrap()).collect();
    assert_eq!(told, [1, 30, 30]);
    assert!(events.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 600_000), "{events:?}");
}

#[test]
fn a_battery_is_low_once_until_it_is_another() {
    let volts = Volts::default();
    let mut battery = Battery::new(volts.clone());
    let mut measure = |millivolts: [u16; 4]| {
        volts.set(millivolts);
        battery.measure(&SETTINGS).unwrap()
    };
    assert_eq!(measure([3600; 4]), (3600, None));
    assert_eq!(measure([3600, 3600, 3000, 3600]), (3450, None), "a burst of the radio");
    assert_eq!(measure([3290; 4]), (3290, event(PostEventKind::LOW_BATTERY, 3290)));
    assert_eq!(measure([3280; 4]), (3280, None));
    assert_eq!(measure([3400; 4]), (3400, None), "a warm day");
    assert_eq!(measure([3290; 4]), (3290, None));
    assert_eq!(measure([3600; 4]), (3600, None));
    assert_eq!(measure([3200; 4]), (3200, event(PostEventKind::LOW_BATTERY, 3200)));
}

#[test]
fn the_angle_is_right_to_a_degree_all_around() {
    for upright in
        [UPRIGHT, Acceleration([0, 0, -1000]), Acceleration([700, 0, 714]), Acceleration([-4000, 4000, 4000])]
    {
        let lean = Lean::new(upright);
        assert!(lean.degrees(upright).unwrap() <= 1);
    }
    let lean = Lean::new(UPRIGHT);
    for degree in 0..=180_u8 {
        for amount in [600.0, 1000.0, 4000.0] {
            let (sin, cos) = f64::from(degree).to_radians().sin_cos();
            let sample = Acceleration([(sin * amount) as i16, 0, (cos * amount) as i16]);
            let told = lean.degrees(sample).unwrap();
            // The cosine is flat near 0 and 180.
            let off = if (10..170).contains(&degree) { 1 } else { 4 };
            assert!(told.abs_diff(degree) <= off, "{degree} was told as {told}");
        }
    }
    assert_eq!(lean.degrees(Acceleration([0, 0, 0])), None);
}

#[test]
fn a_post_that_leans_says_so_once_until_it_stands_again() {
    let mut lean = Lean::new(UPRIGHT);
    let at = |degrees: f64| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Acceleration([(sin * 1000.0) as i16, 0, (cos * 1000.0) as i16])
    };
    let mut told = Vec::new();
    // A knock of one sample, a lean, a little less, a little more, upright, a lean.
    for (now, degrees) in [0.0, 40.0, 0.0, 16.5, 16.5, 16.5, 13.5, 13.5, 16.5, 16.5, 2.0, 2.0, 30.5, 30.5]
        .into_iter()
        .enumerate()
    {
        told.extend(lean.sample(now as u64 * 100, at(degrees), &SETTINGS));
    }
    assert_eq!(told, [event(PostEventKind::TILT, 16).unwrap(), event(PostEventKind::TILT, 30).unwrap()]);
}

/// Feeds samples, ten a second, deviating by so many mg from rest; returns what was told and when.
fn shake(shake: &mut Shake, start: u64, deviations: &[i16]) -> Vec<(u64, PostEvent)> {
    let sample = |(at, deviation): (usize, &i16)| {
        let now = start + at as u64 * 100;
        let signed = if at % 2 == 0 { *deviation } else { -deviation };
        shake.sample(now, Acceleration([signed, 0, 1000]), &SETTINGS).map(|event| (now, event))
    };
    deviations.iter().enumerate().filter_map(sample).collect()
}

#[test]
fn a_bird_is_no_engine() {
    let mut sensor = Shake::new();
    assert_eq!(shake(&mut sensor, 0, &[0, 0, 0, 0]), []);
    let mut bird = vec![400, 0, 300];
    bird.resize(40, 0);
    assert_eq!(shake(&mut sensor, 1000, &bird), []);
    let told = shake(&mut sensor, 10_000, &[400; 100]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0, told[0].1.kind), (10_200, PostEventKind::VIBRATION));
    assert!((400..470).contains(&told[0].1.value.unwrap()));
    assert_eq!(shake(&mut sensor, 300_000, &[400; 100]), [], "the pause");
    assert_eq!(shake(&mut sensor, 700_000, &[400; 100]).len(), 1);
}

#[test]
fn tampering_is_told_at_once_even_in_a_pause_and_not_again_and_again() {
    let mut sensor = Shake::new();
    shake(&mut sensor, 0, &[0; 4]);
    assert_eq!(shake(&mut sensor, 1000, &[400; 10])[0].1.kind, PostEventKind::VIBRATION);
    let told = shake(&mut sensor, 3000, &[0, 2000, 3000, 2500, 1800, 2600, 3000, 2200]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0, told[0].1.kind), (3200, PostEventKind::TAMPER));
    assert!(told[0].1.value.unwrap() >= 3000);
    assert_eq!(shake(&mut sensor, 4000, &[3000; 500]).len(), 0);
    assert_eq!(shake(&mut sensor, 90_000, &[3000; 5])[0].1.kind, PostEventKind::TAMPER);
}

#[test]
fn gravity_is_learnt_wherever_the_sensor_lies() {
    let mut sensor = Shake::new();
    for now in 0..200 {
        assert_eq!(sensor.sample(now * 100, Acceleration([-707, 12, 707]), &SETTINGS), None);
    }
    assert!(!sensor.is_unsure());
}

#[test]
fn the_accelerometer_is_set_up_and_read() {
    let (chip, line) = (Chip::default(), Line::default());
    let mut sensor = Lis2dh12::new(chip.clone(), 0x19, line.clone());
    sensor.start(200).unwrap();
    assert_eq!(chip.register(0x32), 6, "192 mg");
    assert_eq!((chip.register(0x20), chip.register(0x23) & 0x30), (0x27, 0x10), "10 Hz, ±4 g");
    chip.measure([-1000, 504, 4000]);
    assert_eq!(sensor.acceleration().unwrap(), Acceleration([-1000, 504, 4000]));

    assert!(!sensor.has_stirred().unwrap());
    line.set(true);
    chip.asked.set(0);
    assert!(sensor.has_stirred().unwrap());
    assert_eq!(chip.asked.get(), 1, "the line goes down when the chip is asked why");
}

#[test]
fn the_threshold_stays_within_what_the_chip_can_compare() {
    for (asked, steps) in [(0, 1), (31, 1), (64, 2), (4000, 125), (u16::MAX, 127)] {
        let chip = Chip::default();
        Lis2dh12::new(chip.clone(), 0x19, Line::default()).start(asked).unwrap();
        assert_eq!(chip.register(0x32), steps);
    }
}

#[test]
fn a_chip_that_is_another_or_none_is_told() {
    let chip = Chip::default();
    chip.pretend(0x44);
    let started = Lis2dh12::new(chip, 0x19, Line::default()).start(200);
    assert_eq!(started, Err(Lis2dh12Error::Other(0x44)));
    let started = Lis2dh12::new(Chip::default(), 0x18, Line::default()).start(200);
    assert_eq!(started, Err(Lis2dh12Error::Bus(NoChip)));
}
