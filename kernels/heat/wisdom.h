//  What FFTW has measured (its wisdom), kept in files of the user's from one engine to the
//  next: heat-f64.wisdom and heat-f32.wisdom in $XDG_CACHE_HOME/ipclient, or in ~/.cache/ipclient where
//  that is not set. Failures cost time alone, so nobody is told.
#ifndef HEAT_WISDOM_H
#define HEAT_WISDOM_H

//  Tells FFTW what is in the files that are there. A file that another user owns or may
//  write is passed over.
void heat_wisdom_load(void);

//  Writes all that FFTW knows; a reader finds the old file or the new one, whole.
void heat_wisdom_save(void);

#endif
