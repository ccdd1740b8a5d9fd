//  libcuda.so.1, which modules look for before they load their CUDA parts. Nothing of it is called here.
int cuda_stand_in_driver(void);

int cuda_stand_in_driver(void)
{
    return 0;
}
