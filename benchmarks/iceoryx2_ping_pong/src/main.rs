// SPDX-License-Identifier: Apache-2.0
//! The ping-pong of ../nodes/ping_pong.cpp with iceoryx2: two processes that poll and never sleep.
//! Arguments: "ping" or "pong", bytes of a message, round trips, where ping writes its result, and
//! a name for the pair's services.
use std::time::{Duration, Instant};

use iceoryx2::port::{publisher::Publisher, subscriber::Subscriber};
use iceoryx2::prelude::*;

type Sender = Publisher<ipc::Service, [u8], ()>;
type Receiver = Subscriber<ipc::Service, [u8], ()>;

const WARM_UP: i64 = 1000;
const TOGETHER: i64 = 100;

fn send(publisher: &Sender, payload: &[u8]) {
    let sample = publisher.loan_slice_uninit(payload.len()).unwrap();
    sample.write_from_slice(payload).send().unwrap();
}

fn receive(subscriber: &Receiver, payload: &mut [u8]) {
    loop {
        if let Some(sample) = subscriber.receive().unwrap() {
            payload.copy_from_slice(sample.payload());
            return;
        }
        std::hint::spin_loop();
    }
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, role, size, trips, path, name] = &words[..] else {
        panic!("five arguments are needed")
    };
    let (size, trips): (usize, i64) = (size.parse().unwrap(), trips.parse().unwrap());
    let node = NodeBuilder::new().create::<ipc::Service>().unwrap();
    let service = |way: &str| {
        node.service_builder(&format!("{name}/{way}").as_str().try_into().unwrap())
            .publish_subscribe::<[u8]>()
            .history_size(0)
            .subscriber_max_buffer_size(1)
            .open_or_create()
            .unwrap()
    };
    let (there, back) = (service("there"), service("back"));
    let (outgoing, incoming) = if role == "ping" { (&there, &back) } else { (&back, &there) };
    let publisher = outgoing.publisher_builder().initial_max_slice_len(size).create().unwrap();
    let subscriber = incoming.subscriber_builder().create().unwrap();
    // Nothing may be sent before the other side can take it.
    while there.dynamic_config().number_of_subscribers() + back.dynamic_config().number_of_subscribers() < 2
        || there.dynamic_config().number_of_publishers() + back.dynamic_config().number_of_publishers() < 2
    {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut payload = vec![0u8; size];
    if role == "pong" {
        for _ in 0..trips + WARM_UP {
            receive(&subscriber, &mut payload);
            send(&publisher, &payload);
        }
        // The last one must be taken before this side's memory goes.
        while there.dynamic_config().number_of_publishers() > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        return;
    }
    let mut half_trips = Vec::new();
    let mut done = -WARM_UP;
    while done < trips {
        let begin = Instant::now();
        for _ in 0..TOGETHER {
            send(&publisher, &payload);
            receive(&subscriber, &mut payload);
        }
        if done >= 0 {
            half_trips.push(begin.elapsed().as_nanos() as f64 / TOGETHER as f64 / 2.0);
        }
        done += TOGETHER;
    }
    half_trips.sort_by(f64::total_cmp);
    let at = |percent: usize| half_trips[half_trips.len() * percent / 100];
    std::fs::write(path, format!("{{\"p50_ns\": {}, \"p99_ns\": {}}}", at(50), at(99))).unwrap();
}
