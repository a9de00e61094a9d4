/* host.h: which texts can be the name of a host.
 * Touches nothing. Asked before any resolver is: some choke on what is no name. */
#ifndef EDDYI_HOST_H
#define EDDYI_HOST_H

/* 0; EDDY_ENAMETOOLONG; EDDY_EINVAL for blanks and control characters; EDDY_ENOHOST for a label that no name can have. */
int eddyi_check_host(const char *host);

#endif
