#!/usr/bin/perl
# SPDX-License-Identifier: LGPL-2.1-or-later
# session.pl URI: lists domains and starts one asynchronously, by Sys::Virt.  (Its clone_volume()
# hands on no flags.)

use strict;
use warnings;

use Sys::Virt;

use constant ASYNC => 1 << 30; # a flag that libvirt does not know: return when it is accepted

my $conn = Sys::Virt->new(uri => $ARGV[0]);
print "domains: ", join(" ", sort map { $_->get_name } $conn->list_all_domains), "\n";
my $dom = $conn->get_domain_by_name("g");
if (eval { $dom->create(ASYNC); 1 }) {
    print "start: accepted\n";
    select(undef, undef, undef, 0.05)
        while $dom->get_job_info->{type} != Sys::Virt::Domain::JOB_NONE;
} else {
    print "start: ", $@->message, "\n";
    $dom->create;
}
print "started: ", ($dom->get_state)[0], "\n";
print "volumes: ", join(" ", sort map { $_->get_name }
    $conn->get_storage_pool_by_name("p")->list_all_volumes), "\n";
$dom->destroy;
print "destroyed: ", ($dom->get_state)[0], "\n";
