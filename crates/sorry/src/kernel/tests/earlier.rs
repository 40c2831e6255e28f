//! A successor that says something else: whoever was greeted by the process before it is told the rest of what that said.

use sorry_core::responder::flip::Wanted;

use super::super::earlier::Earlier;
use super::super::packet::flag;
use super::rig::{LONG, REQUEST, Rig, SHORT, WAYS, answered};

#[test]
fn whoever_was_greeted_before_is_told_the_rest_of_that() {
    for way in WAYS {
        for (before, after) in [
            (SHORT, SHORT + 20),
            (SHORT, LONG),
            (LONG, SHORT),
            (LONG, LONG + 90),
        ] {
            let mut rig = Rig::new(way, before);
            let isn = rig.greet();
            let page = |rig: &mut Rig, isn: u32| -> Vec<u8> {
                let fate = rig.send(&rig.with(isn, 0, flag::PSH, REQUEST));
                answered(fate).pop().expect("a segment").data
            };
            let old = page(&mut rig, isn);
            let said = rig.responder.said().expect("it says something");
            let copies = rig.responder.copies().expect("descriptors");
            let earlier = Earlier::new(said, copies).expect("maps");
            let mut next = Rig::silent(way);
            next.responder.go_on_from(earlier);
            next.configure(after, Wanted::Answer);
            assert_eq!(page(&mut next, isn), old, "{way:?} {before} {after}");
            let greeted = next.greet();
            assert_ne!(greeted, isn, "new ones have a key of their own");
            assert_ne!(page(&mut next, greeted), old);
            // What was copied is said to new ones, too, where it is to be said again; a second later it is written anew.
            next.configure(before, Wanted::Answer);
            next.wait(1);
            let greeted = next.greet();
            let again = page(&mut next, greeted);
            assert_eq!(again.len(), old.len(), "{way:?} {before} {after}");
        }
    }
}
