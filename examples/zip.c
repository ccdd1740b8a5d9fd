//  A map over several sequences: item i is what each of them has at i, for a function of as many parameters. All calls
//  of the view have its options: here a name for people, and two more chances for what fails.
#include <ipclient.h>
#include <math.h>
#include <stdio.h>

IPC_REMOTE(double, grown, (double money, double rate, int years))
{
    return money * pow(1 + rate, years);
}

int main(void)
{
    ipc_error_t error;
    ipc_client_t *client = ipc_client_new(NULL, &error);
    if (!client)
        return ipc_error_print(&error, stderr), 1;
    ipc_view_t *any = ipc_balanced_view(client, NULL, &error);
    if (ipc_view_set_options(any, &(ipc_options_t){.label = "interest", .retries = 2}, &error))
        return ipc_error_print(&error, stderr), 1;

    const double money[] = {100, 200, 300};
    ipc_result_t *sums = ipc_map(any, grown, ipc_zip(ipc_f64(money, 3), ipc_list(0.1, 0.05, 0.5), ipc_range(1, 1000)));
    printf("%zu sums, the shortest sequence decides: ", ipc_result_count(sums));
    ipc_result_print(sums, stdout);
    printf("label: %s\n", ipc_result_metadata(sums, 0)->label);

    // The arguments are checked before anything is sent.
    ipc_result_t *bad = ipc_map(any, grown, ipc_zip(ipc_f64(money, 3), ipc_f64(money, 3), ipc_f64(money, 3)));
    printf("%s\n", ipc_result_error(bad)->text);

    ipc_client_destroy(&client);
}
